"""The shared folder as it is configured: which hosts, and which folders on them."""

import re
from dataclasses import dataclass

STORAGE, SOURCE, DESTINATION = "storage", "source", "destination"


@dataclass(frozen=True)
class Shared:
    """What the steps depend on: the addresses of the three hosts, the two folders, the VM."""

    storage: str
    source: str
    destination: str
    images: str
    export: str
    vm: str


def host_of(ssh: str) -> str:
    """The host in an ssh target: without the user, the port and the brackets of an IPv6 address."""
    rest = ssh.rpartition("@")[2]
    found = re.fullmatch(r"\[([^\]]+)\](?::\d+)?|([^:]+)(?::\d+)?", rest)
    return (found[1] or found[2]) if found else rest
