"""The paths of a lab: its own folder, named after it, and a cache that all labs share."""

import re
from pathlib import Path

from tui.core.failure import Failure

STATE = Path("/var/lib/vmlm-lab")
DEFAULT_NAME = "default"
CACHE = Path("/var/cache/vmlm-lab")
SHARED_FOLDER = Path("/var/lib/libvirt-img/images")  # the image folder on every host, as in the original experiment
STORAGE_FOLDER = Path("/var/lib/libvirt/images")  # a second path of the same folder on the storage host
NFS_FOLDER = Path("/var/lib/vmlm-nfs")  # of each hypervisor in a lab with NFS, which mounts a folder below it


class Place:
    """The paths of one lab; computing them does not access the disk."""

    def __init__(self, name: str) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", name):
            raise Failure(
                f"{name!r} cannot be a lab's name",
                "it becomes the name of a folder",
                "Use up to 32 small letters, digits and hyphens.",
            )
        self.name = name
        self.folder = STATE / name  # all files of the lab, except the lock
        self.lock = STATE / f"{name}.lock"  # of `up` and `down`
        self.images = self.folder / "images"  # the shared folder
        self.recipe = self.folder / "recipe"  # names the recipe of the images
        self.key = self.folder / "keys" / "lab"  # the private key to log in with
        self.config = self.folder / "config.toml"  # of the app
        self.link_rate = self.folder / "link"  # holds the chosen link rate
        self.userlands = self.folder / "userlands"  # holds the Debian suite of each host that has one
        self.size = self.folder / "hypervisors"  # holds how many run VMs, if they are not two
        self.vms = self.folder / "vms"  # holds how many small VMs there are, if there are any
        self.nfs = self.folder / "nfs"  # holds the folder of the storage host's image, if that is a machine in QEMU
        self.nbd = self.folder / "nbd"  # exists if the storage host serves the disks over NBD

    def command(self, verb: str = "") -> str:
        """The command line that does something with this lab; without a verb it opens the app there."""
        name = "" if self.name == DEFAULT_NAME else f"--name {self.name}"
        return " ".join(filter(None, ("vmlm-tui lab", verb, name)))

    @property
    def way_out(self) -> str:
        """What to do where a lab keeps what it has."""
        return f"`{self.command('down')}` removes the lab; another one can be started beside it with --name."

    def host(self, name: str) -> Path:
        """The folder of a host."""
        return self.folder / name

    def host_key(self, name: str) -> Path:
        """The private host key of a host or the guest."""
        return self.folder / "keys" / name
