"""Records, the timeline they add up to, and the sentence about it."""
