"""The steps of the Hosts list: the finding for given facts, and the change."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from tests.fake_hosts import GIB, SOFTWARE, TABLES
from tui.app import config
from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, UNKNOWN, WARNING, Finding
from tui.core.failure import Failure, PasswordNeeded
from tui.core.ssh_key import HostKey
from tui.core.vm import Daemon, Vm
from tui.hosts.backend.reading import configured
from tui.hosts.model.account import Account
from tui.hosts.model.clock import Clock
from tui.hosts.model.facts import Configured, HostsFacts, Libvirt, OneHost, Way
from tui.hosts.model.host import System
from tui.hosts.model.ports import OPEN, SILENT, Tried
from tui.hosts.model.software import parse_software
from tui.hosts.model.ssh import KEY_CHANGED, KEY_NOT_KNOWN, NO_ANSWER, REFUSED, WORKS, Attempt
from tui.hosts.model.steps import STEPS
from tui.hosts.model.userfaultfd import NO_PERL, Userfaultfd
from tui.linux.change import AddLines, Change, Command, RemoveLines
from tui.linux.firewall import Firewall
from tui.linux.qemu_conf import QemuConf
from tui.linux.ufw import Ufw
from tui.vm.model.cpu import IDENTICAL, INCOMPATIBLE, SUPERSET, Cpu, CpuFit
from tui.vm.model.domain import Domain
from tui.vm.model.kvm import HANGS, NO_DEVICE, RUNS, Kvm

BY_ID = {step.id: step for step in STEPS}
ADDRESSES = {"source": "192.0.2.1", "destination": "192.0.2.2", "storage": "192.0.2.3"}
OWN = HostKey("ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIOmcjmcxOXHUHruQYCIUhHLs3UhopflbBDQ1Fwh4Y442")
OTHER = HostKey("ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIFeSMyVrZeIYn3ow9dt+Lt4apuHZxw4SKyU1BsYvpMVT")
DOWN = Failure("destination can't be reached", "there was no answer", "Is it on?", detail="timed out")


def checked_config(**hosts: str) -> Configured:
    tables: Any = {**TABLES, "hosts": {name: {"ssh": hosts.get(name, f"root@{name}")} for name in ADDRESSES}}
    read, problems = config.check(tables)
    assert read, problems
    return configured(read)


def daemon(host: str, **fields: Any) -> Daemon:
    values = {"qemu_user": (64055, 994), **fields}
    return Daemon(
        **{
            "uri": "qemu:///system", "hostname": host, "uuid": host, "libvirt_version": (10, 0, 0),
            "hypervisor_version": (8, 2, 2), "cpus": 16, "cpu_model": "EPYC", "memory_bytes": 64 * GIB,
            "memory_free_bytes": 60 * GIB,
        }
        | values
    )  # fmt: skip


MACHINES = ("pc-q35-8.2", "pc-q35-6.2", "pc", "q35")
CPU = Cpu("<cpu><model>EPYC</model></cpu>", frozenset({"aes", "avx2"}))


def one_host(host: str) -> OneHost:
    system = System(
        host, memory_available_bytes=60 * GIB, addresses=(ADDRESSES[host],), disk_bytes=100 * GIB,
        disk_free_bytes=50 * GIB, reached_from="" if host == "source" else ADDRESSES["source"],
        reached_at="" if host == "source" else ADDRESSES[host],
    )  # fmt: skip
    defined = Domain("guest1", kind="kvm", machine="pc-q35-8.2", cpu_mode="host-model", cpu_xml="<cpu/>")
    vm = defined if host == "source" else None
    return OneHost(
        system,
        Clock(0.001, 0.002),
        QemuConf(),
        None if host == "storage" else replace(parse_software("op", SOFTWARE), member=True),
        None if host == "storage" else Libvirt(daemon(host), (), MACHINES, vm),
        None if host == "storage" else Kvm(RUNS),
        None if host == "storage" else Userfaultfd("granted", sysctl="1"),
    )


def good() -> HostsFacts:
    """Three hosts on which every check succeeds."""
    names = {host: (address,) for host, address in ADDRESSES.items()}
    ways = {}
    for start, (end, address) in product(ADDRESSES, ADDRESSES.items()):
        way = Way({end: names[end]})
        if {start, end} == {"source", "destination"}:
            way = replace(way, ssh=Attempt(WORKS), peer=end, ports=Tried(address, ((49152, OPEN),)))
        ways[start, end] = way
    hosts = {host: one_host(host) for host in ADDRESSES}
    return HostsFacts(checked_config(), hosts, ways, CpuFit("kvm", IDENTICAL, CPU, CPU))


def with_host(facts: HostsFacts, host: str, **sections: Any) -> HostsFacts:
    return facts.with_host(host, **sections)


def with_way(facts: HostsFacts, start: str, end: str, **sections: Any) -> HostsFacts:
    return facts.with_way(start, end, **sections)


def found(facts: HostsFacts, id: str) -> Finding:
    finding = BY_ID[id].check(facts)
    assert finding is not None
    return finding


def change(facts: HostsFacts, id: str) -> Change:
    planned = BY_ID[id].change(facts)
    assert isinstance(planned, Change), planned
    return planned


def why_not(facts: HostsFacts, id: str) -> str:
    reason = BY_ID[id].change(facts)
    assert isinstance(reason, str), reason
    return reason


@pytest.mark.parametrize("id", BY_ID)
def test_every_check_of_good_hosts_succeeds(id: str) -> None:
    assert found(good(), id).state in (OK, NOT_NEEDED)


@pytest.mark.parametrize("id", BY_ID)
def test_no_step_has_a_finding_before_the_first_read(id: str) -> None:
    assert BY_ID[id].check(HostsFacts(checked_config())) is None


@pytest.mark.parametrize("id", BY_ID)
def test_titles_have_no_full_stop_and_reasons_have_one(id: str) -> None:
    step = BY_ID[id]
    assert not step.title.endswith(".")
    assert step.why.endswith(".")
    assert set(step.needs) <= set(BY_ID)


def all_down() -> HostsFacts:
    facts = HostsFacts(checked_config())
    for host in ADDRESSES:
        facts = with_host(
            facts, host, system=DOWN, clock=DOWN, conf=DOWN, software=DOWN, libvirt=DOWN, kvm=DOWN, userfaultfd=DOWN
        )
        for other in ADDRESSES:
            sections = dict.fromkeys(("names", "ssh", "account", "peer", "ports", "firewall"), DOWN)
            facts = with_way(facts, host, other, **sections)
    return replace(facts, cpu=DOWN)


@pytest.mark.parametrize("id", BY_ID)
def test_a_host_that_can_not_be_read_is_the_finding_and_nothing_is_changed(id: str) -> None:
    finding = found(all_down(), id)
    assert finding.state in (UNKNOWN, FAILED)
    assert (finding.found, finding.detail) == ("destination can't be reached: there was no answer", "timed out")
    assert isinstance(BY_ID[id].change(all_down()), str)


@pytest.mark.parametrize("part", [
    *(("destination", part) for part in ("system", "conf", "software", "libvirt", "kvm", "userfaultfd")),
    *((*way, part) for way in (("source", "destination"), ("storage", "source"))
      for part in ("names", "ssh", "account", "peer", "ports", "firewall")),
])  # fmt: skip
def test_a_step_about_an_unread_part_offers_no_change(part: tuple[str, ...]) -> None:
    *where, name = part
    facts = with_way(good(), *where, **{name: DOWN}) if len(where) == 2 else with_host(good(), *where, **{name: DOWN})
    for id, step in BY_ID.items():
        finding = step.check(facts)
        if finding is not None and finding.state == UNKNOWN:
            assert isinstance(step.change(facts), str), id


@pytest.mark.parametrize(
    ("conf", "state"),
    [
        (PasswordNeeded("destination", "sudo on destination wants a password", ""), FAILED),
        (Failure("Nothing can be done as root on destination", "sudo does not let this login do it"), FAILED),
    ],
)
def test_missing_root_access_is_a_finding(conf: Failure, state: str) -> None:
    finding = found(with_host(good(), "destination", conf=conf), "destination.root")
    assert (finding.state, finding.found.startswith(conf.what)) == (state, True)


@pytest.mark.parametrize(
    ("tried", "vm", "state"),
    [
        (Kvm(HANGS), Domain("guest1", kind="kvm"), FAILED),
        (Kvm(NO_DEVICE, "cpu can"), Domain("guest1", kind="kvm"), FAILED),
        (Kvm(NO_DEVICE), None, WARNING),
        (Kvm(HANGS), Domain("guest1", kind="qemu"), NOT_NEEDED),
    ],
)
def test_kvm_is_required_by_a_vm_that_uses_it(tried: Kvm, vm: Domain | None, state: str) -> None:
    facts = with_host(good(), "destination", kvm=tried)
    facts = with_host(facts, "source", libvirt=Libvirt(daemon("source"), (), MACHINES, vm))
    assert found(facts, "destination.kvm").state == state


# -- names --


def test_an_unknown_name_is_added_with_the_address_that_the_app_uses() -> None:
    facts = with_way(good(), "destination", "source", names={"source": ()})
    assert found(facts, "destination.names").found == "source (source) can't be resolved here"
    (move,) = change(facts, "destination.names").moves
    assert move.action == AddLines("destination", "/etc/hosts", ("192.0.2.1 source",))
    assert move.undo == (RemoveLines("destination", "/etc/hosts", ("192.0.2.1 source",)),)


def test_the_name_that_the_destination_reports_is_checked_too() -> None:
    libvirt = Libvirt(daemon("kvm-b.example"), (), MACHINES)
    facts = with_host(good(), "destination", libvirt=libvirt)
    facts = with_way(facts, "source", "destination", names={"destination": ("192.0.2.2",), "kvm-b.example": ()})
    assert found(facts, "source.names").found == "kvm-b.example (destination) can't be resolved here"
    assert change(facts, "source.names").actions[0] == AddLines("source", "/etc/hosts", ("192.0.2.2 kvm-b.example",))


def test_a_name_that_resolves_to_the_host_itself_is_left_to_the_user() -> None:
    facts = with_way(good(), "source", "destination", names={"destination": ("127.0.1.1",)})
    assert found(facts, "source.names").state == FAILED
    assert "remove it by hand" in why_not(facts, "source.names")


def test_an_end_of_a_connection_that_is_not_an_address_of_the_host_is_ignored() -> None:
    facts = good()
    for host in ("destination", "storage"):
        facts = with_host(facts, host, system=System(reached_from="198.51.100.254", reached_at=ADDRESSES[host]))
    assert facts.address("source") == "192.0.2.1"


def test_an_address_that_the_host_does_not_have_is_a_warning() -> None:
    facts = with_way(good(), "source", "storage", names={"storage": ("198.51.100.7",)})
    finding = found(facts, "source.names")
    assert (finding.state, finding.found) == (WARNING, "storage resolves to 198.51.100.7, but storage has 192.0.2.3")


def test_hosts_configured_by_address_need_only_their_own_names() -> None:
    by_address = checked_config(**{host: f"root@{address}" for host, address in ADDRESSES.items()})
    facts = replace(good(), configured=by_address)
    assert found(facts, "storage.names").state == NOT_NEEDED
    assert found(facts, "source.names").found == "destination resolves to 192.0.2.2"


@pytest.mark.parametrize(
    ("name", "names", "conf", "state"),
    [
        ("kvm-b", {"kvm-b": ("192.0.2.2",)}, QemuConf(), OK),
        ("kvm-b", {"kvm-b": ("127.0.1.1",)}, QemuConf(), WARNING),
        ("kvm-b", {"kvm-b": ()}, QemuConf(), WARNING),
        ("localhost.localdomain", {}, QemuConf(), FAILED),
        ("localhost", {}, QemuConf(migration_host="kvm-b"), OK),
    ],
)
def test_the_own_name_of_a_host_must_not_mean_localhost(
    name: str, names: Mapping[str, tuple[str, ...]], conf: QemuConf, state: str
) -> None:
    facts = with_host(good(), "destination", libvirt=Libvirt(daemon(name)), conf=conf)
    facts = with_way(facts, "destination", "destination", names=names)
    assert found(facts, "destination.own_name").state == state


# -- root's ssh --


def attempt(outcome: str, **fields: Any) -> Attempt:
    usual = {
        "user": "root", "host": "destination", "known_as": "destination", "home": "/root",
        "known_hosts": "/root/.ssh/known_hosts", "output": "root@destination: Permission denied (publickey).",
        "keys": (replace(OTHER, file="/root/.ssh/id_ed25519"),), "taken": ("id_ed25519",), "shown": (OWN,),
    }  # fmt: skip
    return Attempt(outcome, **{**usual, **fields})


ACCOUNT = Account("root", True, "/root", 0, 0, True, True, "/root/.ssh/authorized_keys", keys=(OWN,))


def trying(outcome: str, account: Account | Failure | None = ACCOUNT, **fields: Any) -> HostsFacts:
    return with_way(good(), "source", "destination", ssh=attempt(outcome, **fields), account=account, peer=None)


@pytest.mark.parametrize(
    ("outcome", "states"),
    [
        (WORKS, [OK, OK, OK]),
        (REFUSED, [OK, OK, FAILED]),
        (KEY_NOT_KNOWN, [OK, FAILED, UNKNOWN]),
        (KEY_CHANGED, [OK, FAILED, UNKNOWN]),
        (NO_ANSWER, [OK, UNKNOWN, UNKNOWN]),
    ],
)
def test_each_outcome_of_ssh_is_a_finding_of_the_step_that_fixes_it(outcome: str, states: list[str]) -> None:
    ids = ("source.key", "source.known_hosts", "destination.authorized_keys")
    assert [found(trying(outcome), id).state for id in ids] == states
    if outcome != WORKS:
        assert found(trying(outcome), "source.peer").state == FAILED


def test_a_key_is_created_only_if_none_works_and_under_a_free_name() -> None:
    facts = trying(REFUSED, keys=(), taken=("id_ed25519",), folder=False)
    assert found(facts, "source.key").found == "id_ed25519 can't be used: it may need a passphrase"
    folder, key = change(facts, "source.key").moves
    assert folder.action == Command("source", ("install", "-d", "-m", "700", "/root/.ssh"))
    assert isinstance(key.action, Command)
    assert key.action.argv[-2:] == ("-f", "/root/.ssh/id_ecdsa")
    assert key.undo == (Command("source", ("rm", "-f", "/root/.ssh/id_ecdsa", "/root/.ssh/id_ecdsa.pub")),)


def test_a_host_key_is_added_with_its_fingerprint_in_the_note() -> None:
    planned = change(trying(KEY_NOT_KNOWN), "source.known_hosts")
    assert planned.actions == (AddLines("source", "/root/.ssh/known_hosts", (f"destination {OWN.line}",)),)
    assert OWN.fingerprint in planned.note
    assert "The app read the same key on destination over its own login." in planned.note


def test_a_host_key_that_the_app_could_not_compare_is_compared_by_the_user() -> None:
    note = change(trying(KEY_NOT_KNOWN, account=DOWN), "source.known_hosts").note
    assert OWN.fingerprint in note
    assert "Compare it with the output of this command on destination" in note


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (trying(KEY_NOT_KNOWN, shown=(OTHER,)), "another machine responds at destination"),
        (trying(KEY_NOT_KNOWN, shown=()), "destination offers no usable host key"),
        (trying(KEY_CHANGED), "find out first why the host key changed"),
    ],
)
def test_a_wrong_host_key_is_not_added(facts: HostsFacts, reason: str) -> None:
    assert why_not(facts, "source.known_hosts").startswith(reason)


def test_roots_key_is_authorized_on_the_other_host() -> None:
    line = (f"{OTHER.line} root@source",)
    (move,) = change(trying(REFUSED), "destination.authorized_keys").moves
    assert move.action == AddLines("destination", "/root/.ssh/authorized_keys", line)
    assert move.undo == (RemoveLines("destination", "/root/.ssh/authorized_keys", line),)


def test_new_folder_and_file_of_authorized_keys_are_private_and_removed_only_if_empty() -> None:
    account = Account("me", True, "/home/me", 1000, 1001, authorized_keys="/home/me/.ssh/authorized_keys")
    folder, file, _ = change(trying(REFUSED, account, user="me"), "destination.authorized_keys").moves
    assert folder.action.text == "install -d -m 700 -o 1000 -g 1001 /home/me/.ssh"
    assert folder.undo[0].text == "find /home/me/.ssh -maxdepth 0 -empty -delete"
    assert file.action.text == "install -m 600 -o 1000 -g 1001 /dev/null /home/me/.ssh/authorized_keys"
    assert file.undo[0].text == "find /home/me/.ssh -maxdepth 1 -name authorized_keys -empty -delete"


@pytest.mark.parametrize(
    ("account", "fields", "reason"),
    [
        (replace(ACCOUNT, root_login="no"), {}, "its sshd refuses root: PermitRootLogin is no"),
        (replace(ACCOUNT, public_keys=False), {}, "its sshd accepts no keys"),
        (replace(ACCOUNT, known=False), {}, "the user root does not exist"),
        (ACCOUNT, {"keys": ()}, "root on source has no key yet"),
        (DOWN, {}, "its accounts can't be read"),
    ],
)
def test_a_key_that_would_not_help_is_not_authorized(
    account: Account | Failure, fields: dict[str, Any], reason: str
) -> None:
    assert why_not(trying(REFUSED, account, **fields), "destination.authorized_keys").startswith(reason)


def test_a_peer_uri_without_ssh_needs_no_keys() -> None:
    tables: Any = {**TABLES, "hosts": {name: {"ssh": f"root@{name}"} for name in ADDRESSES}}
    tables["hosts"]["destination"]["peer"] = "qemu+tls://destination/system"
    read, problems = config.check(tables)
    assert read, problems
    facts = with_way(
        replace(good(), configured=configured(read)), "source", "destination", ssh=Attempt(WORKS), peer="destination"
    )
    for id in ("source.key", "source.known_hosts", "destination.authorized_keys"):
        assert found(facts, id).state == NOT_NEEDED
    assert found(facts, "source.peer").state == OK


# -- ports and userfaultfd --


def test_closed_ports_of_a_wrong_address_are_not_blamed_on_a_firewall() -> None:
    tried = Tried("192.0.2.1", ((49152, "refused"),))
    facts = with_host(good(), "destination", conf=QemuConf(migration_host="source"))
    finding = found(with_way(facts, "source", "destination", ports=tried), "destination.ports")
    text = "destination reports the name source, which resolves to 192.0.2.1: not one of its addresses"
    assert (finding.state, finding.found) == (FAILED, text)
    assert "migration_host" in finding.hint


def test_closed_ports_are_opened_in_the_active_firewall() -> None:
    tried = Tried("192.0.2.2", ((49152, OPEN), (49153, SILENT)), in_use=(49154,))
    firewall = Firewall(Ufw(active=True))
    facts = with_way(good(), "source", "destination", ports=tried, firewall=firewall)
    text = "at 192.0.2.2 49153: no reply; a firewall may drop the packets; 49154 in use, not tried"
    assert found(facts, "destination.ports").found == text
    (action,) = change(facts, "destination.ports").actions
    assert action.text == "ufw allow proto tcp from 192.0.2.1 to any port 49152:49215"


def test_ports_that_are_all_in_use_are_unknown() -> None:
    facts = with_way(good(), "source", "destination", ports=Tried("192.0.2.2", (), (49152, 49153)))
    assert found(facts, "destination.ports").state == UNKNOWN


def qemu(libvirt: tuple[int, int, int], version: tuple[int, int, int]) -> Libvirt:
    return Libvirt(daemon("destination", libvirt_version=libvirt, hypervisor_version=version))


@pytest.mark.parametrize(
    ("tried", "libvirt", "state"),
    [
        (Userfaultfd("granted", sysctl="1"), qemu((8, 0, 0), (6, 2, 0)), OK),  # Ubuntu 22.04
        (Userfaultfd("denied", sysctl="0"), qemu((8, 0, 0), (6, 2, 0)), FAILED),
        (Userfaultfd("denied", device=True, sysctl="0"), qemu((9, 0, 0), (7, 2, 0)), FAILED),  # Debian 12
        (Userfaultfd("denied", device=True, sysctl="0"), qemu((10, 0, 0), (8, 2, 2)), FAILED),  # Ubuntu 24.04
        (Userfaultfd("denied", device=True, sysctl="0"), qemu((11, 3, 0), (10, 0, 2)), OK),  # Debian 13
        (Userfaultfd("denied", device=True, opens=True, sysctl="0"), qemu((10, 0, 0), (8, 2, 2)), OK),
        (Userfaultfd("denied", device=True, opens=True, sysctl="0"), qemu((9, 0, 0), (7, 2, 0)), FAILED),
        (Userfaultfd("missing"), qemu((8, 0, 0), (6, 2, 0)), FAILED),
        (Userfaultfd("", sysctl="1"), qemu((8, 0, 0), (6, 2, 0)), OK),
        (Userfaultfd("", sysctl="0"), qemu((8, 0, 0), (6, 2, 0)), WARNING),
    ],
)
def test_userfaultfd_is_granted_by_the_setting_the_device_or_libvirt(
    tried: Userfaultfd, libvirt: Libvirt, state: str
) -> None:
    facts = with_host(good(), "destination", userfaultfd=tried, libvirt=libvirt)
    assert found(facts, "destination.userfaultfd").state == state


def test_without_perl_userfaultfd_is_not_tried_and_the_hint_is_to_install_it() -> None:
    facts = with_host(good(), "destination", userfaultfd=Userfaultfd(NO_PERL, sysctl="0"))
    finding = found(facts, "destination.userfaultfd")
    assert (finding.state, "Perl is not installed" in finding.found) == (WARNING, True)
    assert "perl-base" in finding.hint


def test_the_sysctl_is_set_now_and_at_boot_and_restored_by_undo() -> None:
    facts = with_host(good(), "destination", userfaultfd=Userfaultfd("denied", sysctl="0"))
    now, later = change(facts, "destination.userfaultfd").moves
    assert now.action.text == "sysctl -w vm.unprivileged_userfaultfd=1"
    assert now.undo[0].text == "sysctl -w vm.unprivileged_userfaultfd=0"
    line = ("vm.unprivileged_userfaultfd = 1",)
    assert later.action == AddLines("destination", "/etc/sysctl.d/60-vmlm-tui.conf", line)


@pytest.mark.parametrize(
    ("tried", "reason"),
    [
        (Userfaultfd("missing"), ""),
        (Userfaultfd("denied", sysctl=""), "this kernel has no such setting"),
        (Userfaultfd("denied", sysctl="1"), "vm.unprivileged_userfaultfd is already 1"),
    ],
)
def test_a_sysctl_that_would_not_help_is_not_set(tried: Userfaultfd, reason: str) -> None:
    assert why_not(with_host(good(), "destination", userfaultfd=tried), "destination.userfaultfd").startswith(reason)


# -- comparison of the hypervisors --


def fit(verdict: str, *, vm: str = "", source: str = "aes avx2 avx512f", destination: str = "aes avx2") -> CpuFit:
    own, other = (Cpu(CPU.xml, frozenset(names.split())) for names in (source, destination))
    return CpuFit("kvm", verdict, own, other, "<cpu>both</cpu>", vm)


@pytest.mark.parametrize(
    ("cpus", "mode", "state"),
    [
        (fit(IDENTICAL), "host-passthrough", OK),
        (fit(SUPERSET, source="aes", destination="aes avx2"), "host-model", OK),
        (fit(SUPERSET, source="aes", destination="aes avx2"), "host-passthrough", WARNING),
        (fit(INCOMPATIBLE), "host-model", FAILED),
        (fit(INCOMPATIBLE), None, WARNING),
        (fit(INCOMPATIBLE), "", OK),
        (fit(INCOMPATIBLE, vm=SUPERSET), "custom", OK),
        (fit(INCOMPATIBLE, vm=INCOMPATIBLE), "custom", FAILED),
    ],
)
def test_a_cpu_must_have_the_features_that_the_vm_uses(cpus: CpuFit, mode: str | None, state: str) -> None:
    vm = None if mode is None else Domain("guest1", kind="kvm", machine="pc-q35-8.2", cpu_mode=mode)
    facts = with_host(good(), "source", libvirt=Libvirt(daemon("source"), (), MACHINES, vm))
    assert found(replace(facts, cpu=cpus), "destination.cpu").state == state


def test_missing_features_are_listed() -> None:
    finding = found(replace(good(), cpu=fit(INCOMPATIBLE)), "destination.cpu")
    assert finding.found == "EPYC: it lacks avx512f"
    assert finding.detail == "<cpu>both</cpu>"


@pytest.mark.parametrize(
    ("id", "libvirt", "state", "words"),
    [
        ("destination.two", Libvirt(daemon("source")), FAILED, "both have the UUID source"),
        ("destination.versions", qemu((9, 0, 0), (8, 2, 2)), WARNING,
         "libvirt 10.0.0 to 9.0.0; QEMU 8.2.2 on both"),
        ("destination.versions", qemu((10, 0, 0), (6, 2, 0)), WARNING,
         "libvirt 10.0.0 on both; QEMU 8.2.2 to 6.2.0"),
        ("destination.versions", qemu((11, 3, 0), (10, 0, 2)), OK, "libvirt 10.0.0 to 11.3.0; QEMU 8.2.2 to 10.0.2"),
        ("destination.qemu_user", Libvirt(daemon("destination", qemu_user=(107, 994))), FAILED,
         "user 64055, group 994 on the source; user 107, group 994 on the destination"),
        ("destination.qemu_user", Libvirt(daemon("destination", qemu_user=(64055, 108))), WARNING,
         "user 64055, group 994 on the source; user 64055, group 108 on the destination"),
        ("destination.qemu_user", Libvirt(daemon("destination", qemu_user=None)), WARNING,
         "a libvirt does not report the user of QEMU"),
        ("destination.machine_types", Libvirt(daemon("destination"), (), ("pc-q35-6.2", "q35")), FAILED,
         "guest1 uses pc-q35-8.2, which destination does not support; newest in common: pc-q35-6.2"),
    ],
)  # fmt: skip
def test_two_daemons_are_compared(id: str, libvirt: Libvirt, state: str, words: str) -> None:
    finding = found(with_host(good(), "destination", libvirt=libvirt), id)
    assert (finding.state, finding.found) == (state, words)


def test_an_undefined_vm_needs_no_machine_type() -> None:
    facts = with_host(good(), "source", libvirt=Libvirt(daemon("source"), (), MACHINES))
    finding = found(facts, "destination.machine_types")
    assert (finding.state, finding.found) == (
        OK,
        "guest1 is not defined yet; newest in common: pc-q35-8.2",
    )


@pytest.mark.parametrize(
    ("free", "vms", "state"),
    [
        (2 * GIB, (), OK),
        (GIB // 2, (), WARNING),
        (GIB // 2, (Vm("guest1", "uuid", "running"),), NOT_NEEDED),
    ],
)
def test_memory_is_needed_only_if_the_vm_does_not_run_there_yet(free: int, vms: tuple[Vm, ...], state: str) -> None:
    facts = with_host(
        good(), "destination", system=System(memory_available_bytes=free), libvirt=Libvirt(daemon("destination"), vms)
    )
    assert found(facts, "destination.memory").state == state


@pytest.mark.parametrize(
    ("system", "state"),
    [
        (System(disk_bytes=100 * GIB, disk_free_bytes=GIB), OK),
        (System(disk_bytes=100 * GIB, disk_free_bytes=GIB - 1), WARNING),
        (System(), WARNING),
    ],
)
def test_a_nearly_full_disk_is_a_warning(system: System, state: str) -> None:
    assert found(with_host(good(), "storage", system=system), "storage.disk").state == state


def test_a_wrong_clock_is_a_warning() -> None:
    finding = found(with_host(good(), "storage", clock=Clock(-2.0, 0.1)), "storage.clock")
    assert (finding.state, finding.found) == (WARNING, "2.0 s behind (±100 ms)")
