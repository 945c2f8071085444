"""What else in a domain XML decides whether the VM can migrate: devices, firmware, placement."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field

from tui.core.quantity import whole
from tui.vm.model.host_needs import HostNeeds, host_needs
from tui.vm.model.unmovable import MEDIATED, unmovable

HEX = re.compile(r"(0x)?[0-9a-fA-F]{1,8}")
RANGE = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")
KIB_OF = {"": 1, "KiB": 1, "k": 1, "M": 1 << 10, "MiB": 1 << 10, "G": 1 << 20, "GiB": 1 << 20}
PINS = {"vcpupin": "vCPU", "emulatorpin": "QEMU", "iothreadpin": "I/O thread"}


@dataclass(frozen=True)
class HostDevice:
    """One device of the host; `transient` if QEMU unplugs it for the migration, `text` as an operator names it.

    `unmovable` if it is also one of the VM's devices that QEMU can't migrate at all.
    """

    kind: str
    text: str
    mode: str = "subsystem"
    transient: bool = False
    unmovable: bool = False


@dataclass(frozen=True)
class SharedFolder:
    """One folder of the host in the guest; `socket` is that of a virtiofsd which libvirt does not run."""

    path: str = ""
    tag: str = ""
    driver: str = ""
    socket: str = ""


@dataclass(frozen=True)
class Console:
    """One graphical console, with the addresses or libvirt networks of the host; `port` is 0 if libvirt chooses it.

    `further_ports` are those for TLS and web sockets; of a running VM, libvirt may have chosen that for web sockets.
    """

    kind: str
    addresses: tuple[str, ...] = ()
    port: int = 0
    networks: tuple[str, ...] = ()
    further_ports: tuple[int, ...] = ()


@dataclass(frozen=True)
class Tpm:
    """One TPM: its backend, the UUID of the secret that encrypts its state, and where that state is if not local."""

    backend: str
    secret: str = ""
    state: str = ""


@dataclass(frozen=True)
class Firmware:
    """The files of the firmware: code, variables and the template of the variables."""

    loader: str = ""
    nvram: str = ""
    template: str = ""
    exact: bool = True  # whether the size of the files is that of the firmware: not of qcow2 files


@dataclass(frozen=True)
class Hardware:
    """Devices, firmware and placement of one VM; `pins` and `nodes` are sets of CPUs and NUMA nodes with their use.

    `page_kib` are the sizes of its huge pages, 0 for the host's default; `huge_bytes` are in them, 0 if all its memory
    is. `features` are CPU features that it requires. `unmovable` are devices that QEMU can't migrate, `needs` other
    things of the host.
    """

    live: bool = False
    host_devices: tuple[HostDevice, ...] = ()
    folders: tuple[SharedFolder, ...] = ()
    consoles: tuple[Console, ...] = ()
    videos: tuple[str, ...] = ()
    redirections: tuple[str, ...] = ()
    tpms: tuple[Tpm, ...] = ()
    shared_memory: tuple[tuple[str, str], ...] = ()
    firmware: Firmware = Firmware()
    dimms_without_address: int = 0
    pins: tuple[tuple[str, str], ...] = ()
    nodes: tuple[tuple[str, str], ...] = ()
    page_kib: tuple[int, ...] = ()
    huge_bytes: int = 0
    features: frozenset[str] = frozenset()
    tsc_frequency: bool = False
    migratable_cpu: bool = True
    unmovable: tuple[str, ...] = ()
    needs: HostNeeds = field(default_factory=HostNeeds)


def hardware(root: ET.Element) -> Hardware:
    """Read it from the tree of a domain XML."""
    cpu, timer = root.find("cpu"), root.find("clock/timer[@name='tsc']")
    features = () if cpu is None else (each for each in cpu.findall("feature") if _requires(each))
    return Hardware(
        live=root.get("id") is not None,
        host_devices=tuple(map(_host_device, root.findall("devices/hostdev"))),
        folders=tuple(map(_folder, root.findall("devices/filesystem"))),
        consoles=tuple(map(_console, root.findall("devices/graphics"))),
        videos=tuple(filter(None, (_get(each, "model", "type") for each in root.findall("devices/video")))),
        redirections=tuple(each.get("bus", "usb") for each in root.findall("devices/redirdev")),
        tpms=tuple(map(_tpm, root.findall("devices/tpm"))),
        shared_memory=tuple((each.get("name", ""), each.get("role", "")) for each in root.findall("devices/shmem")),
        firmware=_firmware(root),
        dimms_without_address=sum(
            each.find("address[@type='dimm']") is None for each in root.findall("devices/memory[@model='dimm']")
        ),
        pins=tuple(_pins(root)),
        nodes=tuple(_nodes(root)),
        page_kib=tuple(_pages(root)),
        huge_bytes=_huge_bytes(root),
        features=frozenset(each.get("name", "") for each in features),
        tsc_frequency=timer is not None and bool(whole(timer.get("frequency", ""))),
        migratable_cpu=cpu is None or cpu.get("migratable") != "off",
        unmovable=tuple(unmovable(root)),
        needs=host_needs(root),
    )


def numbers(text: str) -> frozenset[int] | None:
    """The numbers of libvirt's and Linux' "0-3,^2,8"; None if it is something else."""
    wanted: set[int] = set()
    for part in filter(None, (each.strip() for each in text.split(","))):
        found = RANGE.fullmatch(part.removeprefix("^"))
        if found is None:
            return None
        first = int(found[1])
        several = range(first, int(found[2] or first) + 1)
        wanted = wanted.difference(several) if part.startswith("^") else wanted.union(several)
    return frozenset(wanted)


def _requires(feature: ET.Element) -> bool:
    return feature.get("policy", "require") in ("require", "force")


def _host_device(element: ET.Element) -> HostDevice:
    teaming = element.find("teaming")
    transient = teaming is not None and teaming.get("type") == "transient"
    mode, unmovable = element.get("mode", "subsystem"), element.get("model") in MEDIATED
    return HostDevice(element.get("type", "device"), device_text(element), mode, transient, unmovable)


def device_text(element: ET.Element) -> str:
    """A device of the host as an operator names it: "pci 0000:3b:00.0", "usb 046d:c52b"."""
    kind, address = element.get("type", "device"), element.find("source/address")
    if address is not None and kind == "pci":
        parts = [address.get(part, "0") for part in ("domain", "bus", "slot", "function")]
        if all(HEX.fullmatch(part) for part in parts):
            return "pci {:04x}:{:02x}:{:02x}.{:x}".format(*(int(part, 16) for part in parts))
    if address is not None and kind == "mdev":
        return f"mdev {address.get('uuid', '')}".rstrip()
    if kind == "usb":
        vendor, product = _get(element, "source/vendor", "id"), _get(element, "source/product", "id")
        return f"usb {vendor.removeprefix('0x')}:{product.removeprefix('0x')}" if vendor else "usb"
    return kind


def _folder(element: ET.Element) -> SharedFolder:
    return SharedFolder(
        path=_get(element, "source", "dir"),
        tag=_get(element, "target", "dir"),
        driver=_get(element, "driver", "type"),
        socket=_get(element, "source", "socket"),
    )


def _console(element: ET.Element) -> Console:
    """A listen element wins over the old attribute; the address of a network is looked up again at the target."""
    listens = element.findall("listen")
    found = [each.get("address", "") for each in listens if each.get("type") == "address"]
    if not listens:
        found = [element.get("listen", "")]
    automatic = element.get("autoport") == "yes" or any(each.get("type") in ("socket", "none") for each in listens)
    port = 0 if automatic else whole(element.get("port", "")) or 0
    networks = (each.get("network", "") for each in listens if each.get("type") == "network")
    further = (whole(element.get(name, "")) for name in ("tlsPort", "websocket"))
    return Console(
        element.get("type", ""),
        tuple(filter(None, found)),
        port,
        tuple(filter(None, networks)),
        () if automatic else tuple(filter(None, further)),
    )


def _tpm(element: ET.Element) -> Tpm:
    backend = element.find("backend")
    if backend is None:
        return Tpm("")
    return Tpm(backend.get("type", ""), _get(backend, "encryption", "secret"), _get(backend, "source", "path"))


def _firmware(root: ET.Element) -> Firmware:
    return Firmware(
        loader=root.findtext("os/loader", "").strip(),
        nvram=root.findtext("os/nvram", "").strip() or _get(root, "os/nvram/source", "file"),
        template=_get(root, "os/nvram", "template"),
        exact="qcow2" not in (_get(root, "os/loader", "format"), _get(root, "os/nvram", "format")),
    )


def _pins(root: ET.Element) -> Iterator[tuple[str, str]]:
    for tag, what in PINS.items():
        for each in root.findall(f"cputune/{tag}"):
            number = each.get("vcpu") or each.get("iothread") or ""
            yield f"{what} {number}".rstrip(), each.get("cpuset", "")
    if cpuset := _get(root, "vcpu", "cpuset"):
        yield "its vCPUs", cpuset


def _nodes(root: ET.Element) -> Iterator[tuple[str, str]]:
    for each in root.findall("numatune/*"):
        if nodeset := each.get("nodeset"):
            yield each.tag, nodeset


def _pages(root: ET.Element) -> Iterator[int]:
    pages = root.find("memoryBacking/hugepages")
    if pages is None:
        return
    sizes = [_kib(each) for each in pages.findall("page")]
    yield from sizes or [0]


def _huge_bytes(root: ET.Element) -> int:
    """The memory of the guest's NUMA cells that have huge pages; 0 if the pages are for all cells."""
    pages = root.findall("memoryBacking/hugepages/page")
    if not pages or any(each.get("nodeset") is None for each in pages):
        return 0
    cells = frozenset[int]().union(*(numbers(each.get("nodeset", "")) or () for each in pages))
    found = root.findall("cpu/numa/cell")
    return sum(_kib(each, "memory") for index, each in enumerate(found) if _id(each, index) in cells) * 1024


def _id(cell: ET.Element, index: int) -> int:
    known = whole(cell.get("id", ""))
    return index if known is None else known


def _kib(element: ET.Element, attribute: str = "size") -> int:
    return (whole(element.get(attribute, "")) or 0) * KIB_OF.get(element.get("unit", ""), 0)


def _get(element: ET.Element, path: str, attribute: str) -> str:
    found = element.find(path)
    return found.get(attribute, "") if found is not None else ""
