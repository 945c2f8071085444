"""The part of a VM's definition that the pages show and a migration depends on, parsed from libvirt's domain XML."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tui.core.failure import Failure
from tui.core.quantity import whole
from tui.vm.model.domain_mark import mark_of
from tui.vm.model.hardware import Hardware, hardware

UNITS = {"b": 1, "bytes": 1, "KB": 1000, "k": 1024, "KiB": 1024, "MB": 10**6, "M": 1 << 20, "MiB": 1 << 20}
UNITS |= {"GB": 10**9, "G": 1 << 30, "GiB": 1 << 30, "TB": 10**12, "T": 1 << 40, "TiB": 1 << 40}

# The attribute of <source> that names a disk, by its type.
SOURCES = {"file": "file", "block": "dev", "dir": "dir", "network": "name", "volume": "volume"}
SOURCES |= {"vhostuser": "path", "vhostvdpa": "dev", "nvme": "namespace"}
# The attribute of <source> that names what an interface is connected to, by its type.
PLUGS = {"network": "network", "bridge": "bridge", "direct": "dev", "vdpa": "dev"}


@dataclass(frozen=True)
class Disk:
    """One drive; `source` is empty without a medium, `backing` are the backing files that libvirt lists.

    `data` are files that hold the data of qcow2 files.
    `job` is the block job that the definition shows, `policy` what libvirt does if the medium is missing.
    """

    target: str
    source: str = ""
    kind: str = "file"
    device: str = "disk"
    format: str = ""
    cache: str = ""
    readonly: bool = False
    shareable: bool = False
    backing: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    pool: str = ""
    policy: str = ""
    transient: bool = False
    job: str = ""

    @property
    def path(self) -> str:
        """The file or block device of the host; empty for other kinds."""
        return self.source if self.kind in ("file", "block") else ""

    @property
    def files(self) -> tuple[str, ...]:
        """`path`, its backing files and data files."""
        return ((self.path,) if self.path else ()) + self.backing + self.data

    @property
    def writable(self) -> bool:
        """Whether the VM can write to it."""
        return self.device in ("disk", "lun") and not self.readonly


@dataclass(frozen=True)
class Nic:
    """One network interface and what it is connected to.

    That of a running VM in a libvirt network is of the kind "network", whatever libvirt has made of it on its host:
    the target connects it anew by the name of the network.
    """

    kind: str
    source: str = ""
    model: str = ""
    mac: str = ""
    transient: bool = False  # a teaming device that QEMU unplugs for the migration
    mtu: int = 0
    bridge: str = ""  # of a running VM in a libvirt network

    @property
    def text(self) -> str:
        """As the Launch page shows it: "bridge br0"."""
        return f"{self.kind} {self.source}".rstrip()


@dataclass(frozen=True)
class Domain:
    """One VM as libvirt defines it; what its definition leaves open is empty.

    `kind` is KVM or QEMU. `cpu` is a model or one of libvirt's modes, `cpu_mode` the mode, `cpu_xml` the element.
    `mark` is one of domain_mark's while the VM is created or deleted, or if that was interrupted. `snapshots` and
    `jobs`, the disks with a block job, are not part of `xml`; `unread` is why they are unknown.
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
    boot_files: tuple[str, ...] = ()
    hardware: Hardware = field(default_factory=Hardware)
    mark: str = ""
    snapshots: tuple[str, ...] = ()
    jobs: tuple[tuple[str, str], ...] = ()
    unread: str = ""
    xml: str = field(default="", repr=False, compare=False)  # what it was parsed from


class BadDefinition(Failure):
    """A domain XML that is not valid; `line` counts from 1, 0 if it is unknown."""

    def __init__(self, what: str, why: str, hint: str = "", *, line: int = 0, detail: str = "") -> None:
        super().__init__(what, why, hint, detail=detail)
        self.line = line


def parse(text: str) -> Domain:
    """Parse a domain XML; BadDefinition if it is not valid."""
    return replace(read(tree(text)), xml=text)


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
        boot_files=tuple(text for tag in ("kernel", "initrd", "dtb") if (text := root.findtext(f"os/{tag}", ""))),
        hardware=hardware(root),
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
        shareable=element.find("shareable") is not None,
        backing=tuple(_files(element, "backingStore")),
        data=tuple(_files(element, "dataStore")),
        pool=_get(element, "source", "pool"),
        policy=_get(element, "source", "startupPolicy"),
        transient=element.find("transient") is not None,
        job=_job(element.find("mirror")),
    )


def _files(element: ET.Element, tag: str) -> Iterator[str]:
    for each in element.iter(tag):
        if path := _get(each, "source", "file") or _get(each, "source", "dev"):
            yield path


def _job(mirror: ET.Element | None) -> str:
    return "" if mirror is None else mirror.get("job", "copy")


def _nic(element: ET.Element) -> Nic:
    network, teaming = _get(element, "source", "network"), element.find("teaming")
    kind = "network" if network else element.get("type", "")
    return Nic(
        kind=kind,
        source=_get(element, "source", PLUGS.get(kind, "")),
        model=_get(element, "model", "type"),
        mac=_get(element, "mac", "address"),
        transient=teaming is not None and teaming.get("type") == "transient",
        mtu=_whole(_get(element, "mtu", "size")),
        bridge=_get(element, "source", "bridge"),
    )


def _memory(element: ET.Element | None) -> int:
    if element is None:
        return 0
    return _whole(element.text or "") * UNITS.get(element.get("unit", "KiB"), 0)


def _get(element: ET.Element, path: str, attribute: str) -> str:
    found = element.find(path)
    return found.get(attribute, "") if found is not None else ""


def _whole(text: str) -> int:
    return whole(text.strip()) or 0
