"""The Hosts page and its dialogs."""
