"""The domain XML of a new VM made from that of another: same devices, its own name, UUID and disks."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping

from tui.vm.model.domain import read, tree
from tui.vm.model.domain_xml import text_of

WORD = re.compile(r"[\w.-]+")  # a name that a kernel command line can hold


def domain_copy(text: str, name: str, disks: Mapping[str, str], vcpus: int, memory_bytes: int) -> str:
    """The domain XML `text` changed for a VM named `name`; `disks` maps the template's paths to the new ones.

    libvirt then assigns UUID, MAC addresses, target devices, NVRAM and socket paths, and labels.
    """
    root = tree(text)
    old = root.findtext("name", "")
    for tag in ("uuid", "title", "seclabel", "genid", "os/nvram", "resource"):
        _remove_all(root, tag)
    root.attrib.pop("id", None)
    _set(root, "name", name)
    _resize(root, vcpus, memory_bytes)
    cmdline = root.find("os/cmdline")
    if cmdline is not None and cmdline.text and WORD.fullmatch(name):
        cmdline.text = _renamed(cmdline.text, old, name)
    for nic in root.findall("devices/interface"):
        _remove_all(nic, "mac")
        _remove_all(nic, "target")
    for disk in root.findall("devices/disk"):
        source = disk.find("source")
        if source is not None and source.get("file") in disks:
            source.set("file", disks[source.get("file", "")])
            _remove_all(disk, "backingStore")
    for channel in root.findall("devices/channel[@type='unix']"):
        _remove_all(channel, "source")  # its path contains the template's name
    return text_of(root)


def _resize(root: ET.Element, vcpus: int, memory_bytes: int) -> None:
    """Set vCPUs and memory; if they change, settings of single vCPUs and memory cells no longer apply."""
    domain = read(root)
    if vcpus != domain.vcpus:
        for tag in ("vcpus", "cputune", "cpu/topology", "cpu/numa", "numatune"):
            _remove_all(root, tag)
        _set(root, "vcpu", str(vcpus)).attrib.pop("current", None)
    if memory_bytes != domain.memory_bytes:
        for tag in ("cpu/numa", "numatune", "maxMemory", "currentMemory"):
            _remove_all(root, tag)
        _set(root, "memory", str(memory_bytes // 1024)).set("unit", "KiB")


def _renamed(cmdline: str, old: str, new: str) -> str:
    """The kernel command line with `new` for `old` as a value: "vmlm.name=guest1"."""
    words = [word.partition("=") for word in cmdline.split(" ")]
    return " ".join(
        f"{key}={new}" if equals and value == old else f"{key}{equals}{value}" for key, equals, value in words
    )


def _set(root: ET.Element, tag: str, text: str) -> ET.Element:
    element = root.find(tag)
    if element is None:
        element = ET.Element(tag)
        root.insert(0, element)
    element.text = text
    return element


def _remove_all(root: ET.Element, path: str) -> None:
    parent_path, _, tag = path.rpartition("/")
    for parent in root.findall(parent_path) if parent_path else [root]:
        for element in parent.findall(tag):
            parent.remove(element)
