"""QEMU's machine types: the chipset of a VM and its version, which both hosts must support."""

import re
from collections.abc import Iterable

CHIPSETS = ("pc-q35", "pc-i440fx")


def newest_common(source: Iterable[str], destination: Iterable[str]) -> tuple[str, ...]:
    """For each PC chipset the newest type that both support."""
    both = set(source) & set(destination)
    found = []
    for chipset in CHIPSETS:
        versions = [each for each in both if re.fullmatch(rf"{chipset}-[0-9.]+", each)]
        if versions:
            found.append(max(versions, key=_version))
    return tuple(found)


def _version(machine: str) -> tuple[int, ...]:
    return tuple(int(part) for part in machine.rpartition("-")[2].split(".") if part)
