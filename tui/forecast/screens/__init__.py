"""The dialogs of a forecast."""
