"""Connects to guests by ssh or the guest agent, and runs programs there."""
