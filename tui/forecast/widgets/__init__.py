"""The widgets of a forecast: values in, content out."""
