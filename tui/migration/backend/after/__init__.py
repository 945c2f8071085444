"""What follows the end of a migration."""
