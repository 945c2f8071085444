"""The Launch page and its dialogs."""
