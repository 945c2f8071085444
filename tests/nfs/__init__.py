"""Three Debian machines with a kernel that has NFS, under QEMU; what is tried on them is tried for real."""
