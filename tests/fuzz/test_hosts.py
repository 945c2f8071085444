"""The scripts of Hosts and NFS: their output is parsed, and every check is evaluated on the facts."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.fake_hosts import PROGRAMS, SYSTEM
from tests.fuzz.inputs import reads, sections, texts
from tests.fuzz.test_linux import HOSTS_ALLOW, QEMU_CONF, ROUTE
from tests.unit.hosts.good_hosts import good, with_host, with_way
from tests.unit.hosts.test_software import INSTALL, NO_UNITS
from tests.unit.hosts.test_ssh import NOT_KNOWN, ROOT_ON_UBUNTU
from tests.unit.hosts.test_system import DEBIAN_13
from tests.unit.linux.test_firewalld import ACTIVE, PLAIN
from tests.unit.linux.test_folder import ENTRIES, FACTS, SPACE
from tests.unit.nfs.nfs_world import world
from tests.unit.nfs.test_host_parsers import AHOSTS, UFW, UNITS
from tests.unit.nfs.test_parsers import ETAB, FSTAB, MOUNTINFO, NFS_LINES
from tui.core.settings import SOURCE, STORAGE
from tui.hosts.model.account import parse_account
from tui.hosts.model.clock import measured, most_accurate
from tui.hosts.model.facts import HostsFacts
from tui.hosts.model.ports import Tried, parse_connector, parse_listener, ranges
from tui.hosts.model.script import parse_login, parse_root
from tui.hosts.model.share import parse_share, shared
from tui.hosts.model.ssh import parse_attempt
from tui.hosts.model.steps import all_steps as host_steps
from tui.hosts.model.userfaultfd import parse_userfaultfd
from tui.linux.firewall import parse_firewall
from tui.nfs.model.facts import NfsFacts
from tui.nfs.model.script import parse_client, parse_server
from tui.nfs.model.steps import all_steps

GOOD = good()
WORLD = world()
HOST_STEPS = host_steps(GOOD.configured)
NFS_STEPS = tuple(all_steps(WORLD.shared))
COMMON = {
    "manager": "apt-get\n", "package": "installed\n", "configuration": "/etc/exports\n",
    "users": "statd:x:110:65534::/:/\n", "mounts": MOUNTINFO + NFS_LINES, "fstab": FSTAB, "systemd": "",
    "address__storage": AHOSTS, "address__source": "192.0.2.10 STREAM source\n",
    "address__destination": "192.0.2.11 STREAM destination\n", "folder": FACTS + SPACE + ENTRIES,
}  # fmt: skip
SERVER = COMMON | {
    "images": FACTS + SPACE, "others__source": "192.0.2.10 source source.example\n",
    "exports": "L3Nydi9pbWFnZXMgMTkyLjAuMi4xMChydykK /etc/exports\n", "active": ETAB, "threads": "8\n", "units": UNITS,
    "ufw": UFW, "zones_now": ACTIVE, "zones_kept": PLAIN, "zone_default": "public\n", "device__source": ROUTE,
    "nft": "table inet filter {\n chain input {\n type filter hook input priority 0; policy drop;\n }\n}\n",
    "wrapped": "rpcbind\n", "hosts_allow": HOSTS_ALLOW, "hosts_deny": "ALL : ALL\n",
}  # fmt: skip
CLIENT = COMMON | {
    "port": "", "route": ROUTE, "qemu_conf": QEMU_CONF, "libvirt": "libvirtd (libvirt) 11.3.0\n",
    "qemu_users": "libvirt-qemu:x:64055:994:Libvirt Qemu,,,:/var/lib/libvirt:/usr/sbin/nologin\n",
}  # fmt: skip
SOFTWARE = {
    "manager": "apt-get\n", "machine": "x86_64\n", "programs": "\n".join(PROGRAMS[:2]), "wanted": " qemu-utils\n",
    "simulation": INSTALL, "residual": "config-files qemu-utils\n", "age": "86400\n", "folders": "/etc/libvirt\n",
    "files": "/etc/libvirt/qemu.conf\n", "users": "libvirt-qemu:x:64055:994::/:/\n", "systemd": "", "units": NO_UNITS,
    "user_groups": "libvirt:x:119:\n", "groups": "root libvirt\n", "qemu_conf": QEMU_CONF,
}  # fmt: skip


def check_nfs(facts: NfsFacts) -> None:
    for step in NFS_STEPS:
        step.check(facts)
        step.change(facts)


def check_hosts(facts: HostsFacts) -> None:
    for step in HOST_STEPS:
        step.check(facts)
        step.change(facts)


def server(text: str) -> None:
    read = parse_server(text, WORLD.shared)
    check_nfs(replace(WORLD, hosts={**WORLD.hosts, STORAGE: read}))


def client(text: str) -> None:
    read = parse_client(text, WORLD.shared, SOURCE)
    check_nfs(replace(WORLD, hosts={**WORLD.hosts, SOURCE: read}))


def login(text: str) -> None:
    read = parse_login("destination", text)
    facts = with_host(GOOD, "destination", system=read.system)
    check_hosts(with_way(facts, "destination", "source", names=read.names))


def root(text: str) -> None:
    conf, software = parse_root("destination", text, ["op"])
    check_hosts(with_host(GOOD, "destination", conf=conf, software=software))


SYSTEM_READ = {"system": SYSTEM.format(name="destination") + DEBIAN_13, "login": "root\n",
               "names": "source 192.0.2.1\nstorage 192.0.2.3 2001:db8::3\n"}  # fmt: skip


@pytest.mark.parametrize(
    ("read", "outputs"),
    [(server, SERVER), (client, CLIENT), (login, SYSTEM_READ), (root, SOFTWARE)],
    ids=["NFS server", "NFS client", "system", "software"],
)
def test_damaged_facts_of_a_host_are_checked(read: Callable[[str], None], outputs: dict[str, str]) -> None:
    reads(sections(**outputs), read)


def attempt(text: str) -> None:
    found = parse_attempt(text)
    for key in (*found.keys, *found.shown):
        assert key.fingerprint
    check_hosts(with_way(GOOD, "source", "destination", ssh=found, account=parse_account("root", ROOT_ON_UBUNTU)))


def account(text: str) -> None:
    read = parse_account("root", text)
    check_hosts(with_way(GOOD, "source", "destination", ssh=parse_attempt(NOT_KNOWN), account=read))


def connector(text: str) -> None:
    tried = Tried("192.0.2.2", parse_connector(text), parse_listener(text)[1])
    for ports in tried.closed.values():
        ranges(ports)
    firewall = parse_firewall("")
    check_hosts(with_way(GOOD, "source", "destination", ports=tried, firewall=firewall))


def clock(text: str) -> None:
    found = most_accurate([measured(10.0, text, 10.1)])
    check_hosts(with_host(GOOD, "destination", clock=found))


def share(text: str) -> None:
    seen = parse_share(text)
    shared("/images", ("source", seen), ("destination", parse_share("inode 2\nfilesystem nfs 5f00\n")))


def userfaultfd(text: str) -> None:
    check_hosts(with_host(GOOD, "destination", userfaultfd=parse_userfaultfd(text)))


@pytest.mark.parametrize(
    ("read", "samples"),
    [
        (attempt, (NOT_KNOWN,)),
        (account, (ROOT_ON_UBUNTU,)),
        (
            connector,
            ("49152 open\n49153 refused\n49154 No route to host\n49155 silent\nin_use 49156\nlistening 49157\n",),
        ),
        (clock, ("1795406400.123456789\n",)),
        (share, ("inode 2\nfilesystem nfs 5f00\n",)),
        (userfaultfd, ("sysctl 0\ndevice there\ncall granted\ndevice opens\n",)),
    ],
    ids=["ssh", "account", "ports", "clock", "share", "userfaultfd"],
)
def test_damaged_output_of_a_test_is_checked(read: Callable[[str], None], samples: tuple[str, ...]) -> None:
    reads(texts(*samples), read)
