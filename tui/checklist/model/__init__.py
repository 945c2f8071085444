"""Findings, steps and changes of a checklist as frozen values."""
