"""The Migration room: one live migration, started, sampled, steered, recorded and explained."""
