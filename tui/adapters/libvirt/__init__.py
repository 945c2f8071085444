"""The Hypervisor protocol over libvirt; the only importer of libvirt."""
