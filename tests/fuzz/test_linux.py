"""Files of a Linux host and output of its tools."""

from collections.abc import Callable

import pytest

from tests.fuzz.inputs import reads, sections, texts
from tests.unit.linux.test_firewalld import ACTIVE, PLAIN
from tests.unit.linux.test_folder import ENTRIES, FACTS, IMAGE, NOTHING, SPACE
from tests.unit.linux.test_managed_block import FILES
from tests.unit.nfs.test_host_parsers import AHOSTS, INSTALL, UFW, UFW_OURS, UFW_OURS_NUMBERED, UNITS, UPGRADE
from tests.unit.nfs.test_parsers import ETAB, EXPORTS, FSTAB, MOUNTINFO, NFS_LINES
from tui.linux import tcp_wrappers
from tui.linux.addresses import in_network, parse_ahosts, parse_hosts, route_device
from tui.linux.escapes import escaped, unescaped
from tui.linux.exports import ESCAPED, parse_exports
from tui.linux.firewall import opened, parse_firewall
from tui.linux.firewalld import parse_zones
from tui.linux.folder import parse_folder
from tui.linux.fstab import parse_fstab
from tui.linux.managed_block import with_lines, without_lines
from tui.linux.mounts import device_folder, hidden, mount_at, parse_mountinfo
from tui.linux.packages import Package, parse_simulation
from tui.linux.qemu_conf import parse_qemu_conf
from tui.linux.script_sections import Section, output, parse_sections
from tui.linux.ufw import parse_ufw
from tui.linux.units import parse_units

HOSTS_ALLOW = "# a comment\nrpcbind mountd : 192.0.2.10 [2001:db8::10]\nALL : ALL\nsshd : \\\n 192.0.2.0/24 : allow\n"
QEMU_CONF = """user = "+64055" # by number
dynamic_ownership = 0
shared_filesystems = [
  "/srv/a b", # not "/srv/c"
  '/srv/#d/'
]
migration_port_min = 50000
migration_host = "fe80::1"
"""
ROUTE = "192.0.2.7 via 192.0.2.1 dev eth0 src 192.0.2.10 uid 0 \\    cache\n"
PATHS = ("/", "/srv/x#y", "/srv/a b/deep")


def exports(text: str) -> None:
    for export in parse_exports(text):
        assert export.line > 0
        assert all(client.name for client in export.clients)


def fstab(text: str) -> None:
    for entry in parse_fstab(text):
        assert unescaped(escaped(entry.target, ESCAPED)) == entry.target


def mountinfo(text: str) -> None:
    mounts = parse_mountinfo(text)
    for path in PATHS:
        mount_at(mounts, path)
        hidden(mounts, path)
        device_folder(mounts, path)


def qemu_conf(text: str) -> None:
    found = parse_qemu_conf(text)
    found.declares("/srv/a b/x")
    first, last = found.migration_ports
    assert first >= 0
    assert last >= 0


def ufw(text: str) -> None:
    parse_ufw(text).moves("storage", "192.0.2.1", (2049, 2049))


def wrappers(text: str) -> None:
    for rule in tcp_wrappers.rules(text):
        tcp_wrappers.matches_all_clients(rule)


def blocks(text: str) -> None:
    added = with_lines(text, ("/images a(rw)",))
    without_lines(added, ("/images a(rw)",))


def addresses(text: str) -> None:
    for address in parse_ahosts("storage", text).addresses:
        in_network(address, text)
    parse_hosts(text)
    route_device(text)


READERS: tuple[tuple[Callable[[str], object], tuple[str, ...]], ...] = (
    (exports, (EXPORTS, ETAB)),
    (fstab, (FSTAB,)),
    (mountinfo, (MOUNTINFO, MOUNTINFO + NFS_LINES)),
    (qemu_conf, (QEMU_CONF,)),
    (ufw, (UFW, UFW_OURS, UFW_OURS_NUMBERED)),
    (parse_zones, (PLAIN, ACTIVE)),
    (wrappers, (HOSTS_ALLOW,)),
    (blocks, tuple(text for text in FILES if text)),
    (addresses, (AHOSTS, ROUTE)),
    (parse_units, (UNITS,)),
    (lambda text: parse_simulation(Package("nfs-common"), text, text), (INSTALL, UPGRADE, "config-files rpcbind\n")),
    (lambda text: parse_folder("/srv/images", Section(0, text)), (FACTS + SPACE + ENTRIES, IMAGE, NOTHING)),
    (
        lambda text: output(parse_sections(text), "ufw", "ufw"),
        ("ufw 0 U3RhdHVzOiBpbmFjdGl2ZQ==\nWelcome to storage\n",),
    ),
)
NAMES = ("exports", "fstab", "mountinfo", "qemu.conf", "ufw", "firewalld", "TCP wrappers", "managed blocks",
         "addresses", "units", "apt", "folder", "script sections")  # fmt: skip


@pytest.mark.parametrize(("read", "samples"), READERS, ids=NAMES)
def test_damaged_output_of_a_host_is_read(read: Callable[[str], object], samples: tuple[str, ...]) -> None:
    reads(texts(*samples), read)


def test_damaged_firewalls_are_read_and_opened() -> None:
    def read(text: str) -> None:
        opened("storage", parse_firewall(text), "192.0.2.7", (2049, 2049))

    zones = {"zone_default": "public\n", "zones_now": ACTIVE, "zones_kept": PLAIN}
    reads(sections(ufw=UFW, device__source=ROUTE, **zones), read)
