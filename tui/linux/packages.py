"""Packages of a host's distribution: whether one is installed, and what installing it would change."""

import re
from dataclasses import dataclass, replace

INSTALL = re.compile(r"^Inst (\S+) (\[)?", re.MULTILINE)
REMOVE = re.compile(r"^Remv (\S+)", re.MULTILINE)

# The commands that install the equivalents of Debian's nfs-kernel-server and nfs-common on other distributions.
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

    `new` are the packages that apt would install, this one included; `upgraded` those that it would upgrade, which the
    app can't undo; `removed` those that it would remove. `residual` are those of `new` with configuration that is left
    from an earlier installation.
    """

    name: str
    manager: str = ""  # "apt", a key of ELSEWHERE, or empty if unknown
    installed: bool = False
    known: bool = False  # contained in apt's lists
    new: tuple[str, ...] = ()
    upgraded: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    residual: tuple[str, ...] = ()
    output: str = ""  # of apt

    @property
    def elsewhere(self) -> str:
        """The command that installs it with a manager other than apt; empty if unknown."""
        return ELSEWHERE.get(self.manager, ("", ""))[self.name == CLIENT]


def parse_simulation(package: Package, text: str, residual: str) -> Package:
    """`package` with the output of `apt-get -s install`; `residual` has lines `config-files NAME` of dpkg-query."""
    found = INSTALL.findall(text)
    new = tuple(name for name, older in found if not older)
    kept = {line.partition(" ")[2] for line in residual.splitlines() if line.startswith("config-files ")}
    return replace(
        package,
        known=bool(new),
        new=new,
        upgraded=tuple(name for name, older in found if older),
        removed=tuple(REMOVE.findall(text)),
        residual=tuple(name for name in new if name in kept),
        output=text,
    )
