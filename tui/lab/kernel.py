"""The guest's kernel: its image, and the modules that the initrd loads before it mounts the disk."""

import lzma
from collections.abc import Iterable
from pathlib import Path

from tui.core.failure import Failure
from tui.lab.command import run

# For the disk and network of a virtio guest, the power button, early entropy, and the channel of the guest agent
# (virtio_console).
MODULES = (
    "virtio_pci", "virtio_blk", "virtio_net", "ext4", "evdev", "button", "virtio_rng", "virtio_balloon",
    "virtio_console",
)  # fmt: skip


def module_name(path: str) -> str:
    """The module's name: virtio_x for kernel/drivers/net/virtio-x.ko.zst."""
    return path.rpartition("/")[2].partition(".ko")[0].replace("-", "_")


def parse_dependencies(modules_dep: str) -> dict[str, list[str]]:
    """modules.dep as module name -> [its own path, then the paths of its dependencies]."""
    lines = (line.partition(":") for line in modules_dep.splitlines())
    return {module_name(path): [path, *needs.split()] for path, _, needs in lines}


def load_order(modules_dep: str, wanted: Iterable[str]) -> list[str]:
    """Paths of the modules and their dependencies in load order; built-in modules are not in modules.dep."""
    dependencies = parse_dependencies(modules_dep)
    order: dict[str, None] = {}
    for name in wanted:
        for path in reversed(dependencies.get(name, [])):  # modules.dep lists the dependency to load first last
            order.setdefault(path)
    return list(order)


def image(root: Path) -> Path:
    """The path of the kernel in an unpacked package; Failure if there is none."""
    images = sorted(root.glob("boot/vmlinuz-*"))
    if not images:
        raise Failure("the kernel's package contains no kernel")
    return images[0]


def modules(root: Path) -> list[tuple[str, bytes]]:
    """(file name, content) of the guest's modules, in load order."""
    version = image(root).name.removeprefix("vmlinuz-")
    folder = root / "lib/modules" / version
    run(["depmod", "-b", str(root), version])
    order = load_order((folder / "modules.dep").read_text(), MODULES)
    return [(f"{module_name(path)}.ko", _content(folder / path)) for path in order]


def _content(path: Path) -> bytes:
    if path.suffix == ".xz":
        return lzma.decompress(path.read_bytes())
    if path.suffix == ".zst":
        run(["zstd", "-d", "-q", "-f", str(path), "-o", str(path.with_suffix(""))])
        return path.with_suffix("").read_bytes()
    return path.read_bytes()
