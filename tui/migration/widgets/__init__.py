"""The widgets of a migration: values in, content out."""
