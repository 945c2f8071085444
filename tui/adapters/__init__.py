"""The edge to the world: libvirt, ssh, local processes; nothing of theirs gets past this package."""
