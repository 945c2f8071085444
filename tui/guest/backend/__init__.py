"""Reaches guests by ssh or their agent, and runs programs there."""
