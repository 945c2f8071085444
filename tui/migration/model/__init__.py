"""The records of a migration, the timeline derived from them, and the sentence about it."""
