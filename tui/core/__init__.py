"""The base of every room: failures, quantities, settings, protocols; standard library only."""
