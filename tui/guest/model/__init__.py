"""Parses what guest programs print, and builds the messages that they receive."""
