"""A disk image on the shared folder: what qemu-img says of it, and which VMs use it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from tui.core.failure import Failure
from tui.core.quantity import size

# qemu-img takes every file that it does not recognise for a raw disk; what these are called is one.
RAW_SUFFIXES = (".raw", ".img", ".dsk")
USABLE = ("qcow2", "raw", "qed", "vmdk", "vdi", "vhdx", "vpc")


@dataclass(frozen=True)
class Image:
    """One file; `virtual_bytes` is how large the VM sees it, `backing` the whole path of the file under it."""

    path: str
    format: str
    virtual_bytes: int
    used_bytes: int = 0
    backing: str = ""

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    @property
    def text(self) -> str:
        """As a person chooses it: "guest1.qcow2, qcow2, 1.0 GiB (128 MiB on disk)"."""
        return f"{self.name}, {self.format}, {size(self.virtual_bytes)} ({size(self.used_bytes)} on disk)"

    @property
    def is_disk(self) -> bool:
        """Whether it looks like a disk, for a list to choose from."""
        if self.format == "raw":
            return PurePosixPath(self.path).suffix.lower() in RAW_SUFFIXES and self.virtual_bytes >= 1 << 20
        return self.format in USABLE


def parse_info(text: str, path: str) -> Image:
    """What `qemu-img info --output=json` printed of `path`; Failure where it is no image."""
    try:
        facts = json.loads(text)
        return Image(
            path,
            str(facts["format"]),
            int(facts["virtual-size"]),
            int(facts.get("actual-size", 0)),
            str(facts.get("full-backing-filename", facts.get("backing-filename", ""))),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise Failure(f"{path} is not a disk image", "qemu-img says nothing of it", detail=text) from error


def users_of(path: str, used: Mapping[str, tuple[str, ...]], images: Mapping[str, Image]) -> tuple[str, ...]:
    """The VMs that use a file, be it below another image; `used` are the files of each VM, `images` all by path."""
    return tuple(name for name, paths in used.items() if any(path in chain(each, images) for each in paths))


def chain(path: str, images: Mapping[str, Image]) -> tuple[str, ...]:
    """An image and the files under it, as far as they are known."""
    found: list[str] = []
    while path and path not in found:
        found.append(path)
        path = images[path].backing if path in images else ""
    return tuple(found)
