"""Prints what the project depends on as name==version, for the Python in $1 (3.11), without libvirt's binding.

The names come from the metadata of what is installed, the versions from constraints.txt.
"""

import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
SYSTEM = {"libvirt-python"}  # must match the libvirt of the system


def main(version: str) -> int:
    """Print one requirement a line."""
    target = {"python_version": version, "python_full_version": f"{version}.0"}
    lines = (HERE / "constraints.txt").read_text().splitlines()
    pinned = [Requirement(line) for line in lines if line and not line.startswith("#")]
    versions = {
        canonicalize_name(each.name): each.specifier
        for each in pinned
        if each.marker is None or each.marker.evaluate(target)
    }
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text())["project"]
    for name in sorted(set(closure(project["dependencies"], frozenset(), target))):
        print(f"{name}{versions[name]}")
    return 0


def closure(lines: list[str], extras: frozenset[str], target: dict[str, str]) -> Iterator[str]:
    """The names of what the requirements name, and of all that it depends on."""
    for each in map(Requirement, lines):
        wanted = each.marker is None or any(each.marker.evaluate({**target, "extra": x}) for x in extras | {""})
        if wanted and (name := canonicalize_name(each.name)) not in SYSTEM:
            yield name
            yield from closure(_requires(name), frozenset(each.extras), target)


def _requires(name: str) -> list[str]:
    try:
        return requires(name) or []
    except PackageNotFoundError:  # only older Pythons than this one need it, and it depends on nothing
        return []


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
