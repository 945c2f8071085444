"""Whether KVM works on a host: not whether /dev/kvm exists, but whether a guest really runs on it."""

LIMIT_S = 3.0
RAN = 33  # QEMU's exit status when the guest writes 0x10 to the debug port: (0x10 << 1) | 1
# mov dx, 0xf4; mov al, 0x10; out dx, al; hlt - padded to a boot sector, and to a floppy
BOOT_SECTOR = bytes.fromhex("baf400b010eef4").ljust(510, b"\0") + b"\x55\xaa"
FLOPPY = BOOT_SECTOR.ljust(1440 * 1024, b"\0")


def argv(emulator: str, accelerator: str, floppy: str) -> list[str]:
    """The command that runs a guest of seven bytes; its exit status is RAN where it got to its first output."""
    return [
        *(emulator, "-accel", accelerator, "-m", "32", "-nodefaults", "-no-user-config", "-display", "none"),
        *("-device", "isa-debug-exit,iobase=0xf4,iosize=0x04", "-drive", f"file={floppy},format=raw,if=floppy"),
    ]
