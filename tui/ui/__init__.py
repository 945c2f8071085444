"""Widgets and dialogs that no room owns."""
