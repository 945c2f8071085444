"""The shared folder as configured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shared:
    """The addresses of the three hosts, the image folder and the exported folder, and the name of the VM."""

    storage: str
    source: str
    destination: str
    images: str
    export: str
    vm: str
