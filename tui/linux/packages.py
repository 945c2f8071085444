"""Packages of a host's distribution: whether one is there, what would come with it, and what takes all of it away."""

import re
from dataclasses import dataclass

INSTALL = re.compile(r"^Inst (\S+) (\[)?", re.MULTILINE)
REMOVE = re.compile(r"^Remv (\S+)", re.MULTILINE)
NOT_KNOWN = ("Unable to locate package", "has no installation candidate")

# How other distributions name what Debian calls nfs-kernel-server and nfs-common, and what installs it.
ELSEWHERE = {
    "dnf": ("dnf install nfs-utils", "dnf install nfs-utils"),
    "yum": ("yum install nfs-utils", "yum install nfs-utils"),
    "zypper": ("zypper install nfs-kernel-server", "zypper install nfs-client"),
    "pacman": ("pacman -S nfs-utils", "pacman -S nfs-utils"),
    "apk": ("apk add nfs-utils", "apk add nfs-utils"),
}
SERVER, CLIENT = "nfs-kernel-server", "nfs-common"


@dataclass(frozen=True)
class Package:
    """One package of a host, by Debian's name.

    `new` is what apt would install for it, itself included; `upgraded` what it would replace by a newer version, which
    nothing takes back; `removed` what it would take away. `residual` are those of `new` whose configuration is there
    from an earlier time.
    """

    name: str
    manager: str = ""  # "apt", a key of ELSEWHERE, or empty where none is known
    installed: bool = False
    known: bool = False  # to apt's lists
    new: tuple[str, ...] = ()
    upgraded: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    residual: tuple[str, ...] = ()
    said: str = ""  # by apt

    @property
    def elsewhere(self) -> str:
        """The command that installs it where the app can't, empty where nobody knows."""
        return ELSEWHERE.get(self.manager, ("", ""))[self.name == CLIENT]


def parse_simulation(package: Package, text: str, residual: str) -> Package:
    """`package` with what `apt-get -s install` said; `residual` are lines `config-files NAME` of dpkg-query."""
    found = INSTALL.findall(text)
    new = tuple(name for name, older in found if not older)
    kept = {line.partition(" ")[2] for line in residual.splitlines() if line.startswith("config-files ")}
    return Package(
        name=package.name,
        manager=package.manager,
        installed=package.installed,
        known=bool(new),
        new=new,
        upgraded=tuple(name for name, older in found if older),
        removed=tuple(REMOVE.findall(text)),
        residual=tuple(name for name in new if name in kept),
        said=text,
    )
