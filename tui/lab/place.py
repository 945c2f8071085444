"""Where a lab keeps its things: one folder of its own, named after it, and a cache that all labs share."""

import re
from dataclasses import dataclass
from pathlib import Path

from tui.core.failure import Failure

STATE = Path("/var/lib/vmlm-lab")
USUAL_NAME = "default"
CACHE = Path("/var/cache/vmlm-lab")
SHARED_FOLDER = Path("/var/lib/libvirt-img/images")  # where every host sees the images, as in the original experiment
STORAGE_FOLDER = Path("/var/lib/libvirt/images")  # where the storage host has them besides


@dataclass(frozen=True)
class Place:
    """The paths of one lab; nothing here touches the disk."""

    name: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", self.name):
            raise Failure(
                f"{self.name!r} can't be a lab's name",
                "it names a folder",
                "Use up to 32 small letters, digits and hyphens.",
            )

    @property
    def folder(self) -> Path:
        return STATE / self.name

    @property
    def lock(self) -> Path:
        return STATE / f"{self.name}.lock"

    @property
    def images(self) -> Path:
        return self.folder / "images"

    @property
    def recipe(self) -> Path:
        """Holds which recipe the images were made by."""
        return self.folder / "recipe"

    @property
    def key(self) -> Path:
        return self.folder / "keys" / "lab"

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    @property
    def link_rate(self) -> Path:
        return self.folder / "link"

    @property
    def nbd(self) -> Path:
        """There when this lab's storage host serves the guest's disk over NBD."""
        return self.folder / "nbd"

    def host(self, name: str) -> Path:
        return self.folder / name

    def host_key(self, name: str) -> Path:
        return self.folder / "keys" / name
