"""What guest programs print, and what is asked of them."""
