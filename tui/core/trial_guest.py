"""The boot sector of a guest that shows whether an accelerator of QEMU runs Linux."""

# A KVM without hardware support (kvm-pvm) interprets the kernel of a guest. It runs 16-bit code, but not each
# instruction of Linux; KVM's interpreter lacks cmpxchg16b, which Linux uses for its first allocations of memory. So
# the guest enters 64-bit mode and executes one.
CODE = bytes.fromhex(
    "fa 31c0 8ed8 8ec0 fc"  # cli; ds = es = 0; cld
    "66bf00100000 0f22df 6631c0 66b9000c0000 66f3ab"  # cr3 = 0x1000; clear three tables of pages
    "c70600100320 c70600200330 c70600308300"  # they map the first 2 MiB
    "b020 0f22e0"  # cr4: physical address extension
    "66b9800000c0 0f32 80cc01 0f30"  # EFER: long mode
    "66b811000080 0f22c0"  # cr0: paging, protected mode
    "0f0116787c ea547c0800"  # lgdt [0x7c78]; jump into the 64-bit segment
    "f0480fc70c2510100000"  # lock cmpxchg16b [0x1010]
    "66baf400 b010 ee f4"  # dx = 0xf4; al = 0x10; out dx, al; hlt
    "6690 0000000000000000 00000000009b2000"  # from 0x7c68: the segments, none and the one of 64-bit code
    "0f00687c0000"  # from 0x7c78: their size and address
)
SIGNED = 510  # where the signature of a boot sector is
BOOT_SECTOR = CODE.ljust(SIGNED, b"\0") + b"\x55\xaa"
DISK_BYTES = 1440 * 1024  # of the floppy that starts with it
DEVICE = ("-device", "isa-debug-exit,iobase=0xf4,iosize=0x04")
RAN = 33  # QEMU's exit status when the guest writes 0x10 to that port: (0x10 << 1) | 1
