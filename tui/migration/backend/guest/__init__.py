"""What a migration does to its guest."""
