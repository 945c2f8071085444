"""The adapters use only names that the oldest supported libvirt has."""

import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

OLDEST = (8, 0, 0)  # Ubuntu 22.04's
ADAPTERS = Path(__file__).parents[3] / "tui/adapters/libvirt"


def test_every_constant_exists_in_the_oldest_libvirt() -> None:
    command = ["pkg-config", "--variable=libvirt_api", "libvirt"]  # from libvirt-dev, the source of libvirt-python
    api = Path(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())
    enums = ElementTree.parse(api).iter("enum")  # noqa: S314  # the package's own file
    since = {each.get("name"): each.get("version", "0") for each in enums}
    text = "".join(file.read_text() for file in ADAPTERS.glob("*.py"))
    optional = set(re.findall(r'hasattr\(libvirt, "(\w+)"\)', text))
    used = set(re.findall(r"libvirt\.(VIR_\w+)", text)) - optional
    versions = {name: tuple(map(int, since[name].split("."))) for name in used if name in since}
    assert len(versions) > 50
    assert {name: version for name, version in versions.items() if version > OLDEST} == {}
