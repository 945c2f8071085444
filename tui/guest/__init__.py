"""Programs inside a guest: workloads, the guest agent, the heartbeat."""
