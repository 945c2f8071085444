"""Tests on three Debian machines under QEMU, with a real NFS server and clients."""
