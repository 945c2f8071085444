"""What a recorded run is, how runs are chosen, and how they are written as tables."""
