"""Reads the recorded runs, and writes and deletes what a person may."""
