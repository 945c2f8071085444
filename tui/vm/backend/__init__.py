"""Lists, defines, deletes and locates VMs through libvirt."""
