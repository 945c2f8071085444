"""What is asked and made before a migration starts."""
