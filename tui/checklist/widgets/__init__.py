"""The widgets that show a checklist and its details."""
