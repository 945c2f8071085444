"""The part of a VM's definition that the pages show and a migration depends on, parsed from libvirt's domain XML."""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from tui.core.failure import Failure
from tui.core.quantity import whole
from tui.vm.model.domain_mark import mark_of

UNITS = {"b": 1, "bytes": 1, "KB": 1000, "k": 1024, "KiB": 1024, "MB": 10**6, "M": 1 << 20, "MiB": 1 << 20}
UNITS |= {"GB": 10**9, "G": 1 << 30, "GiB": 1 << 30, "TB": 10**12, "T": 1 << 40, "TiB": 1 << 40}

# The attribute of <source> that names a disk, by its type.
SOURCES = {"file": "file", "block": "dev", "dir": "dir", "network": "name", "volume": "volume"}
# The attribute of <source> that names what an interface is connected to, by its type.
PLUGS = {"network": "network", "bridge": "bridge", "direct": "dev", "vdpa": "dev"}

HEX = re.compile(r"(0x)?[0-9a-fA-F]{1,8}")


@dataclass(frozen=True)
class Disk:
    """One drive; `source` is empty without a medium, `backing` are the backing files that libvirt lists."""

    target: str
    source: str = ""
    kind: str = "file"
    device: str = "disk"
    format: str = ""
    cache: str = ""
    readonly: bool = False
    backing: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The file or block device of the host; empty for other kinds."""
        return self.source if self.kind in ("file", "block") else ""

    @property
    def files(self) -> tuple[str, ...]:
        """`path` and its backing files."""
        return ((self.path,) if self.path else ()) + self.backing

    @property
    def writable(self) -> bool:
        """Whether the VM can write to it."""
        return self.device in ("disk", "lun") and not self.readonly


@dataclass(frozen=True)
class Nic:
    """One network interface and what it is connected to."""

    kind: str
    source: str = ""
    model: str = ""
    mac: str = ""

    @property
    def text(self) -> str:
        """As the Launch page shows it: "bridge br0"."""
        return f"{self.kind} {self.source}".rstrip()


@dataclass(frozen=True)
class Domain:
    """One VM as libvirt defines it; what its definition leaves open is empty.

    `kind` is KVM or QEMU. `cpu` is a model or one of libvirt's modes, `cpu_mode` the mode, `cpu_xml` the element.
    `mark` is one of domain_mark's while the VM is created or deleted, or if that was interrupted.
    """

    name: str
    uuid: str = ""
    kind: str = ""
    vcpus: int = 0
    memory_bytes: int = 0
    machine: str = ""
    cpu: str = ""
    cpu_mode: str = ""
    cpu_xml: str = ""
    disks: tuple[Disk, ...] = ()
    nics: tuple[Nic, ...] = ()
    host_devices: tuple[str, ...] = ()
    host_folders: tuple[str, ...] = ()
    boot_files: tuple[str, ...] = ()
    mark: str = ""


class BadDefinition(Failure):
    """A domain XML that is not valid; `line` counts from 1, 0 if it is unknown."""

    def __init__(self, what: str, why: str, hint: str = "", *, line: int = 0, detail: str = "") -> None:
        super().__init__(what, why, hint, detail=detail)
        self.line = line


def parse(text: str) -> Domain:
    """Parse a domain XML; BadDefinition if it is not valid."""
    return read(tree(text))


def read(root: ET.Element) -> Domain:
    """Read the definition from an XML tree."""
    cpu = root.find("cpu")
    return Domain(
        name=root.findtext("name", ""),
        uuid=root.findtext("uuid", ""),
        kind=root.get("type", ""),
        vcpus=_whole(root.findtext("vcpu", "")),
        memory_bytes=_memory(root.find("memory")),
        machine=_get(root, "os/type", "machine"),
        cpu="" if cpu is None else cpu.findtext("model", "") or cpu.get("mode", ""),
        cpu_mode="" if cpu is None else cpu.get("mode", "custom"),
        cpu_xml="" if cpu is None else ET.tostring(cpu, encoding="unicode").strip(),
        disks=tuple(map(_disk, root.findall("devices/disk"))),
        nics=tuple(map(_nic, root.findall("devices/interface"))),
        host_devices=tuple(map(_host_device, root.findall("devices/hostdev"))),
        host_folders=tuple(_get(each, "source", "dir") for each in root.findall("devices/filesystem")),
        boot_files=tuple(text for tag in ("kernel", "initrd", "dtb") if (text := root.findtext(f"os/{tag}", ""))),
        mark=mark_of(root),
    )


def tree(text: str) -> ET.Element:
    """The XML tree of one VM; BadDefinition if it is not valid."""
    try:
        root = ET.fromstring(text)  # noqa: S314 - XML of the user, or of our own daemon
    except ET.ParseError as error:
        line, column = error.position
        why = f"line {line}, column {column + 1}: {str(error).partition(':')[0]}"
        raise BadDefinition("This is not XML", why, "Correct that line, or the one before it.", line=line) from error
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise BadDefinition("This is not XML", f"line {line} has bytes that are not UTF-8", line=line) from error
    if root.tag != "domain":
        raise BadDefinition("This is not the XML of a VM", f"its root element is <{root.tag}>, not <domain>")
    return root


def _disk(element: ET.Element) -> Disk:
    kind = element.get("type", "file")
    return Disk(
        target=_get(element, "target", "dev"),
        source=_get(element, "source", SOURCES.get(kind, "file")),
        kind=kind,
        device=element.get("device", "disk"),
        format=_get(element, "driver", "type"),
        cache=_get(element, "driver", "cache"),
        readonly=element.find("readonly") is not None,
        backing=tuple(path for each in element.iter("backingStore") if (path := _get(each, "source", "file"))),
    )


def _nic(element: ET.Element) -> Nic:
    kind = element.get("type", "")
    source = _get(element, "source", PLUGS.get(kind, ""))
    return Nic(kind, source, _get(element, "model", "type"), _get(element, "mac", "address"))


def _host_device(element: ET.Element) -> str:
    """As an operator names it: "pci 0000:3b:00.0", "usb 046d:c52b"."""
    kind, address = element.get("type", "device"), element.find("source/address")
    if address is not None and kind == "pci":
        parts = [address.get(part, "0") for part in ("domain", "bus", "slot", "function")]
        if all(HEX.fullmatch(part) for part in parts):
            return "pci {:04x}:{:02x}:{:02x}.{:x}".format(*(int(part, 16) for part in parts))
    if kind == "usb":
        vendor, product = _get(element, "source/vendor", "id"), _get(element, "source/product", "id")
        return f"usb {vendor.removeprefix('0x')}:{product.removeprefix('0x')}" if vendor else "usb"
    return kind


def _memory(element: ET.Element | None) -> int:
    if element is None:
        return 0
    return _whole(element.text or "") * UNITS.get(element.get("unit", "KiB"), 0)


def _get(element: ET.Element, path: str, attribute: str) -> str:
    found = element.find(path)
    return found.get(attribute, "") if found is not None else ""


def _whole(text: str) -> int:
    return whole(text.strip()) or 0
