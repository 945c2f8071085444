"""Widgets and dialogs that know no room."""
