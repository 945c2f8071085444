"""The Runs room: recorded migrations, listed and opened."""
