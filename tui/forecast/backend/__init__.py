"""Measures what a forecast starts from, and keeps the forecast of a form."""
