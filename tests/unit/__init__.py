"""The parts without a world around them."""
