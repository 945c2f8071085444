"""The adapters must work with the libvirt of every system they are for, not just with the one they were written on."""

import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

OLDEST = (8, 0, 0)  # Ubuntu 22.04's
ADAPTERS = Path(__file__).parents[3] / "tui/adapters/libvirt"


def test_no_name_of_libvirt_is_used_that_the_oldest_has_not() -> None:
    where = ["pkg-config", "--variable=libvirt_api", "libvirt"]  # libvirt-dev's: libvirt-python is built of it
    api = Path(subprocess.run(where, check=True, capture_output=True, text=True).stdout.strip())
    enums = ElementTree.parse(api).iter("enum")  # noqa: S314  # the package's own file
    since = {each.get("name"): each.get("version", "0") for each in enums}
    text = "".join(file.read_text() for file in ADAPTERS.glob("*.py"))
    asked_for = set(re.findall(r'hasattr\(libvirt, "(\w+)"\)', text))
    used = set(re.findall(r"libvirt\.(VIR_\w+)", text)) - asked_for
    versions = {name: tuple(map(int, since[name].split("."))) for name in used if name in since}
    assert len(versions) > 50
    assert {name: version for name, version in versions.items() if version > OLDEST} == {}
