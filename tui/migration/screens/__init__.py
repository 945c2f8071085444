"""The Migrate page and its dialogs."""
