"""Starts, samples, controls and records migrations."""
