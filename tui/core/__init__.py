"""What every room builds on: failures, quantities, the protocols of the world; standard library only."""
