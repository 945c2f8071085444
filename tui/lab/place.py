"""The paths of a lab: its own folder, named after it, and a cache that all labs share."""

import re
from dataclasses import dataclass
from pathlib import Path

from tui.core.failure import Failure

STATE = Path("/var/lib/vmlm-lab")
DEFAULT_NAME = "default"
CACHE = Path("/var/cache/vmlm-lab")
SHARED_FOLDER = Path("/var/lib/libvirt-img/images")  # the image folder on every host, as in the original experiment
STORAGE_FOLDER = Path("/var/lib/libvirt/images")  # a second path of the same folder on the storage host


@dataclass(frozen=True)
class Place:
    """The paths of one lab; computing them does not access the disk."""

    name: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", self.name):
            raise Failure(
                f"{self.name!r} cannot be a lab's name",
                "it becomes the name of a folder",
                "Use up to 32 small letters, digits and hyphens.",
            )

    @property
    def folder(self) -> Path:
        """The folder of all files of the lab."""
        return STATE / self.name

    @property
    def lock(self) -> Path:
        """The lock file of `up` and `down`."""
        return STATE / f"{self.name}.lock"

    @property
    def images(self) -> Path:
        """The shared folder of images."""
        return self.folder / "images"

    @property
    def recipe(self) -> Path:
        """The file that names the recipe of the images."""
        return self.folder / "recipe"

    @property
    def key(self) -> Path:
        """The private key to log in with."""
        return self.folder / "keys" / "lab"

    @property
    def config(self) -> Path:
        """The app's configuration."""
        return self.folder / "config.toml"

    @property
    def link_rate(self) -> Path:
        """The file with the chosen link rate."""
        return self.folder / "link"

    @property
    def nbd(self) -> Path:
        """The file that exists if the storage host serves the guest's disk over NBD."""
        return self.folder / "nbd"

    def host(self, name: str) -> Path:
        """The folder of a host."""
        return self.folder / name

    def host_key(self, name: str) -> Path:
        """The private host key of a host or the guest."""
        return self.folder / "keys" / name
