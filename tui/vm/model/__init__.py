"""Domain XML, disk images, what blocks a migration, and where a VM runs."""
