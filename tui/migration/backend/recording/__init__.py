"""The record of a migration on disk: written while it runs, and read again."""
