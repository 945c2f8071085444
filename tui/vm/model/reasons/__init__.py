"""What messages of libvirt, QEMU, ssh and the kernel mean: the only table of them, and how it is applied."""
