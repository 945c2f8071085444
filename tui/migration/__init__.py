"""The Migration room: one live migration, started, sampled, controlled, recorded and explained."""
