"""What a host has that an arriving VM may need, read by one script."""

import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tui.core.quantity import whole
from tui.linux.escapes import unescaped
from tui.vm.model.hardware import numbers

# Bridges of libvirt's networks and of container tools.
TAKEN_BRIDGES = re.compile(r"(virbr|docker|br-[0-9a-f]{12}|lxcbr|lxdbr|podman|cni)")
LISTENING, UNCONNECTED, PORT = "0A", "07", re.compile("[0-9A-Fa-f]{4}")  # in /proc/net/tcp, and in /proc/net/udp

# Prints one fact a line; its arguments are paths. A path that the login can't look up is left out: it may exist.
SCRIPT = r"""
for each in /sys/class/net/*; do
  [ -d "$each" ] || continue
  kind=card; [ -d "$each/bridge" ] && kind=bridge
  echo "net ${each##*/} $(cat "$each/mtu" 2>/dev/null || echo 0) $kind"
done
ip -o addr 2>/dev/null | while read -r _ device _ address _; do
  echo "address ${address%/*}"; echo "subnet $device $address"
done
read -r load _ </proc/loadavg && echo "load $load"
while read -r source target type _; do
  case $type in nfs|nfs4|cifs|smb3|ceph|gfs2|ocfs2|fuse.*) echo "share $target $source";; esac
done </proc/self/mounts
echo "cpus $(cat /sys/devices/system/cpu/online 2>/dev/null)"
echo "nodes $(cat /sys/devices/system/node/online 2>/dev/null)"
while read -r key value _; do
  case $key in MemAvailable:) echo "memory $value";; Hugepagesize:) echo "page $value";; esac
done </proc/meminfo
for each in /sys/kernel/mm/hugepages/hugepages-*kB; do
  [ -d "$each" ] || continue
  size=${each##*-}; echo "pages ${size%kB} $(cat "$each/free_hugepages")"
done
for table in tcp tcp6; do
  while read -r _ local _ state _; do echo "socket $state ${local##*:}"; done </proc/net/$table
done 2>/dev/null | sort -u | grep ' 0A '
for table in udp udp6; do
  while read -r _ local _ state _; do echo "datagram $state ${local##*:}"; done </proc/net/$table
done 2>/dev/null | sort -u | grep ' 07 '
command -v swtpm >/dev/null && echo "program swtpm"
for path in "$@"; do
  if [ -b "$path" ]; then
    for column in WWN SERIAL UUID PTUUID; do
      id=$(lsblk -dno $column "$path" 2>/dev/null | tr -d ' \n'); [ -n "$id" ] && break
    done
    echo "file block $(lsblk -dbno SIZE "$path" 2>/dev/null | tr -d ' \n') - ${id:--} $path"
  elif [ -e "$path" ]; then
    kind=file; [ -d "$path" ] && kind=folder
    system=$(timeout -s KILL 3 stat -fLc %T "$path" 2>/dev/null | tr ' ' _)
    echo "file $kind $(timeout -s KILL 3 stat -Lc %s "$path" 2>/dev/null) ${system:--} - $path"
  else
    above=$path
    while [ ! -e "$above" ] && [ "$above" != / ]; do above=$(dirname "$above"); done
    [ -x "$above" ] && echo "file missing 0 - - $path"
  fi
done
true
"""


@dataclass(frozen=True)
class HostFile:
    """One path: its kind (file, folder, block, missing), size, file system, and the identity of a block device."""

    kind: str
    size: int = 0
    system: str = ""
    identity: str = ""

    @property
    def exists(self) -> bool:
        """Whether there is such a path."""
        return self.kind != "missing"


@dataclass(frozen=True)
class HostFacts:
    """Network devices with their MTU, addresses, CPUs, NUMA nodes, memory, free huge pages by size, ports, files.

    `ports` are those of TCP on which a program listens, `udp_ports` those of UDP that a program receives from anyone.
    `subnets` are those of its own addresses, without the networks that libvirt and containers make on each host; `load`
    is the number of processes that ran or waited for a CPU over the last minute; `shares` are the sources of network
    file systems by mount point.
    """

    mtus: Mapping[str, int] = field(default_factory=dict)
    bridges: tuple[str, ...] = ()
    addresses: frozenset[str] = frozenset()
    cpus: frozenset[int] = frozenset()
    nodes: frozenset[int] = frozenset()
    available_bytes: int = 0
    page_kib: int = 0
    free_pages: Mapping[int, int] = field(default_factory=dict)
    ports: frozenset[int] = frozenset()
    programs: frozenset[str] = frozenset()
    files: Mapping[str, HostFile] = field(default_factory=dict)
    subnets: frozenset[str] = frozenset()
    load: float | None = None
    shares: Mapping[str, str] = field(default_factory=dict)
    udp_ports: frozenset[int] = frozenset()

    @property
    def was_read(self) -> bool:
        """Whether the script has run: every host has at least its loopback device."""
        return bool(self.mtus)


class _Reading:
    """Facts while their lines are read."""

    def __init__(self) -> None:
        self.mtus: dict[str, int] = {}
        self.bridges: list[str] = []
        self.sets: dict[str, set[str]] = {"address": set(), "program": set()}
        self.ranges: dict[str, frozenset[int]] = {}
        self.amounts: dict[str, int] = {}
        self.pages: dict[int, int] = {}
        self.ports: set[int] = set()
        self.udp_ports: set[int] = set()
        self.files: dict[str, HostFile] = {}
        self.subnets: set[str] = set()
        self.loads: list[float] = []
        self.shares: dict[str, str] = {}

    def net(self, rest: str) -> None:
        name, mtu, kind = rest.split(" ")
        self.mtus[name] = _number(mtu)
        if kind == "bridge":
            self.bridges.append(name)

    def page_count(self, rest: str) -> None:
        size, free = rest.split(" ")
        self.pages[_number(size)] = _number(free)

    def socket(self, rest: str) -> None:
        state, port = rest.split(" ")
        if state == LISTENING and PORT.fullmatch(port):
            self.ports.add(int(port, 16))

    def datagram(self, rest: str) -> None:
        state, port = rest.split(" ")
        if state == UNCONNECTED and PORT.fullmatch(port):
            self.udp_ports.add(int(port, 16))

    def subnet(self, rest: str) -> None:
        device, address = rest.split(" ")
        found = ipaddress.ip_interface(address)
        if not (TAKEN_BRIDGES.match(device) or found.is_loopback or found.is_link_local):
            self.subnets.add(str(found.network))

    def processes(self, rest: str) -> None:
        self.loads.append(float(rest))

    def share(self, rest: str) -> None:
        target, source = rest.split(" ")
        self.shares[unescaped(target)] = unescaped(source)

    def file(self, rest: str) -> None:
        kind, size, system, identity, path = rest.split(" ", 4)
        known = HostFile(kind, whole(size) or 0, system.strip("-"), "" if identity == "-" else identity)
        self.files[path] = known


def _number(text: str) -> int:
    found = whole(text)
    if found is None:
        raise ValueError(text)
    return found


def parse_facts(text: str) -> HostFacts:
    """The output of the script; a line that is damaged is skipped."""
    found = _Reading()
    readers: dict[str, Callable[[str], None]] = {
        "net": found.net, "pages": found.page_count, "socket": found.socket, "file": found.file,
        "subnet": found.subnet, "load": found.processes, "share": found.share,
        "datagram": found.datagram,
    }  # fmt: skip
    for line in text.splitlines():
        key, _, rest = line.partition(" ")
        if key in readers:
            try:
                readers[key](rest)
            except ValueError:
                continue  # the output of a host may be cut
        elif key in found.sets:
            found.sets[key].add(rest)
        elif key in ("cpus", "nodes"):
            found.ranges[key] = numbers(rest) or frozenset()
        elif key in ("memory", "page"):
            found.amounts[key] = whole(rest) or 0
    return HostFacts(
        mtus=found.mtus,
        bridges=tuple(found.bridges),
        addresses=frozenset(found.sets["address"]),
        cpus=found.ranges.get("cpus", frozenset()),
        nodes=found.ranges.get("nodes", frozenset()),
        available_bytes=found.amounts.get("memory", 0) * 1024,
        page_kib=found.amounts.get("page", 0),
        free_pages=found.pages,
        ports=frozenset(found.ports),
        programs=frozenset(found.sets["program"]),
        files=found.files,
        subnets=frozenset(found.subnets),
        load=found.loads[-1] if found.loads and math.isfinite(found.loads[-1]) else None,
        shares=found.shares,
        udp_ports=frozenset(found.udp_ports),
    )
