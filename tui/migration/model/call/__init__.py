"""What libvirt is called with: the gate of the options, the call, and the commands of virsh that do the same."""
