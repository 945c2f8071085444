"""Which release of libvirt the apt of a host has installed or would install, and from where newer ones come."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tui.linux.script_sections import Section

BACKPORT = re.compile(r"~bpo\d+\+")
INSTALL = re.compile(r"^Inst libvirt-daemon \((\S+) ", re.MULTILINE)  # of `apt-get -s install`
UPSTREAM = re.compile(r"(?:\d+:)?(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True)
class Release:
    """`installed` and `candidate` are versions of Debian's package libvirt-daemon, empty if there is none."""

    codename: str = ""  # of the distribution: "bookworm"
    installed: str = ""
    candidate: str = ""
    suites: tuple[str, ...] = ()  # of apt's sources
    mirror: str = ""  # where apt gets this release from

    @property
    def version(self) -> str:
        """The version that this host has, or would get."""
        return self.installed or self.candidate

    @property
    def backport(self) -> bool:
        """Whether that version is from the backports."""
        return BACKPORT.search(self.version) is not None

    @property
    def backports(self) -> str:
        """The suite of the backports of this release."""
        return f"{self.codename}-backports"


def upstream(version: str) -> tuple[int, ...]:
    """libvirt's own number in a version of the package: (11, 3, 0)."""
    found = UPSTREAM.match(version)
    return tuple(int(each or 0) for each in found.groups()) if found else ()


def parse_release(sections: Mapping[str, Section]) -> Release:
    """From the sections `release`, `versions`, `sources` and `simulation`; only the first exists without apt."""

    def lines(name: str) -> list[str]:
        part = sections.get(name)
        return part.text.splitlines() if part and not part.status else []

    codename = "".join(lines("release")).strip()
    sources = [line.split() for line in lines("sources")]
    suites = tuple(dict.fromkeys(words[0] for words in sources if len(words) == 2))
    at = (words[1] for words in sources if len(words) == 2 and words[0] == codename)
    mirror = next((uri for uri in at if uri.startswith(("http://", "https://"))), "")
    candidate = INSTALL.search("\n".join(lines("simulation")))
    return Release(codename, "".join(lines("versions")[:1]).strip(), candidate[1] if candidate else "", suites, mirror)
