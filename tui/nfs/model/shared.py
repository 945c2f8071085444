"""The shared folder as it is configured: which hosts, and which folders on them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shared:
    """What the steps depend on: the addresses of the three hosts, the two folders, the VM."""

    storage: str
    source: str
    destination: str
    images: str
    export: str
    vm: str
