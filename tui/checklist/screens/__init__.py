"""The page around a checklist, and its dialogs."""
