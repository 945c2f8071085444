"""A disk image on the shared folder, as qemu-img describes it, and the VMs that use it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from tui.core.failure import Failure
from tui.core.json_text import parsed
from tui.core.quantity import size

# qemu-img reports every unknown file as raw; only files with these suffixes count as disks.
RAW_SUFFIXES = (".raw", ".img", ".dsk")
USABLE = ("qcow2", "raw", "qed", "vmdk", "vdi", "vhdx", "vpc")


@dataclass(frozen=True)
class Image:
    """One image; `virtual_bytes` is the size that the VM sees, `backing` the full path of its backing file."""

    path: str
    format: str
    virtual_bytes: int
    used_bytes: int = 0
    backing: str = ""
    backing_format: str = ""

    @property
    def name(self) -> str:
        """The file name."""
        return PurePosixPath(self.path).name

    @property
    def text(self) -> str:
        """As a list shows it: "guest1.qcow2, qcow2, 1.0 GiB (128 MiB on disk)"."""
        return f"{self.name}, {self.format}, {size(self.virtual_bytes)} ({size(self.used_bytes)} on disk)"

    @property
    def is_disk(self) -> bool:
        """Whether it is probably a disk, and not some other file."""
        if self.format == "raw":
            return PurePosixPath(self.path).suffix.lower() in RAW_SUFFIXES and self.virtual_bytes >= 1 << 20
        return self.format in USABLE


def parse_info(text: str, path: str) -> Image:
    """Parse `qemu-img info --output=json` of `path`; Failure if it is not an image."""
    try:
        facts = parsed(text)
        backing = str(facts.get("full-backing-filename", facts.get("backing-filename", "")))
        used, base = max(0, int(facts.get("actual-size", 0))), str(facts.get("backing-filename-format", ""))
        image = Image(path, str(facts["format"]), int(facts["virtual-size"]), used, backing, base)
        if image.virtual_bytes < 0:
            raise ValueError("virtual-size is negative")
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise Failure(f"{path} is not a disk image", "qemu-img reports no format or size", detail=text) from error
    return image


def users_of(path: str, used: Mapping[str, tuple[str, ...]], images: Mapping[str, Image]) -> tuple[str, ...]:
    """The VMs that use a file, also as a backing file; `used` are the files of each VM, `images` all images by path.

    A volume of any pool counts as the file of its name, because it may be that one.
    """

    def uses(used_path: str) -> bool:
        return path in chain(used_path, images) or path.endswith(f"/{used_path}")

    return tuple(name for name, paths in used.items() if any(map(uses, paths)))


def chain(path: str, images: Mapping[str, Image]) -> tuple[str, ...]:
    """An image and its known backing files."""
    found: list[str] = []
    while path and path not in found:
        found.append(path)
        path = images[path].backing if path in images else ""
    return tuple(found)
