"""Checks and changes of the firewall, TCP wrappers and services."""

import shlex
from dataclasses import replace

import pytest

from tests.unit.nfs.nfs_world import PATHS, STEPS, but, found, planned, refused, world
from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, WARNING
from tui.core.failure import Failure
from tui.core.settings import DESTINATION, SOURCE, STORAGE
from tui.linux.addresses import Resolved
from tui.linux.change import AddLines, Command, RemoveLines
from tui.linux.firewall import NO_FIREWALLD, Firewall
from tui.linux.firewalld import Firewalld, Zone, rich_rule
from tui.linux.managed_block import with_lines
from tui.linux.ufw import parse_ufw
from tui.linux.units import Unit
from tui.nfs.model.facts import OPEN, REFUSED, SILENT, UNTRIED, NfsFacts

UFW = "Status: active\n\nTo                         Action      From\n"


UFW_OURS = "2049/tcp                   ALLOW       192.0.2.10\n"


ZONE = Zone("public", frozenset({"eth0"}))


FIREWALLD = Firewalld(True, (ZONE,), (ZONE,), "public")


def guarded(source: str, rows: str = "", firewalld: Firewalld = NO_FIREWALLD, **server: object) -> NfsFacts:
    """An active ufw, with the outcome of the source's connection; the destination's is open."""
    firewall = Firewall(parse_ufw(f"{UFW}{rows}"), firewalld)
    return but(but(world(), SOURCE, port=source), firewall=firewall, **{"threads": 8, **server})


@pytest.mark.parametrize(
    ("facts", "state", "words"),
    [
        (guarded(OPEN), OK, "both hosts reach tcp 2049 through ufw"),  # whatever its rules are
        (but(guarded(OPEN), SOURCE, names={}), OK, "both hosts reach tcp 2049"),
        (guarded(SILENT), FAILED, "source can't reach tcp 2049: no rule in ufw for 192.0.2.10"),
        (guarded(REFUSED), FAILED, "source can't reach tcp 2049: no rule in ufw for 192.0.2.10"),
        (guarded(SILENT, threads=0), FAILED, "no rule in ufw for 192.0.2.10"),  # refused if ufw let it in
        (guarded(SILENT, UFW_OURS), FAILED, "source can't reach tcp 2049 although ufw has a rule for it"),
        (guarded(REFUSED, threads=0), WARNING, "could not be tried through ufw: the NFS server does not run yet"),
        (
            guarded(REFUSED, UFW_OURS, threads=0),
            WARNING,
            "could not be tried through ufw: the NFS server does not run yet",
        ),
        (guarded(UNTRIED), WARNING, "could not be tried through ufw: source has no bash"),
        (but(guarded(SILENT), SOURCE, names={STORAGE: Resolved("nas")}), WARNING, "finds no address"),
        (replace(world(), hosts={**guarded(OPEN).hosts, SOURCE: Failure("down")}), WARNING, "source could not be read"),
        (guarded(SILENT, firewalld=FIREWALLD), FAILED, "no rule in ufw and firewalld for"),
        (guarded(SILENT, names={SOURCE: Resolved("host-a")}), FAILED, "finds no address for 192.0.2.10"),
        (but(world(), SOURCE, port=SILENT), NOT_NEEDED, "neither ufw nor firewalld is active"),
    ],
)
def test_the_finding_on_the_firewall_depends_on_the_tried_port(facts: NfsFacts, state: str, words: str) -> None:
    finding = found(facts, "storage.firewall")
    assert (finding.state, words in finding.found) == (state, True), finding


def test_there_is_no_finding_on_the_firewall_before_both_hosts_have_tried_the_port() -> None:
    facts = guarded(SILENT)
    unread = replace(facts, hosts={role: host for role, host in facts.hosts.items() if role != DESTINATION})
    assert STEPS["storage.firewall"].check(unread) is None


def test_the_firewall_is_opened_only_for_the_host_that_it_blocks() -> None:
    rule = ("allow", "proto", "tcp", "from", "192.0.2.10", "to", "any", "port", "2049")
    rich = rich_rule("192.0.2.10", (2049, 2049))
    assert planned(guarded(SILENT, firewalld=FIREWALLD), "storage.firewall") == [
        (Command(STORAGE, ("ufw", *rule)), (Command(STORAGE, ("ufw", "delete", *rule)),)),
        *(
            (
                Command(STORAGE, ("firewall-cmd", *kept, "--zone=public", f"--add-rich-rule={rich}")),
                (Command(STORAGE, ("firewall-cmd", *kept, "--zone=public", f"--remove-rich-rule={rich}")),),
            )
            for kept in ((), ("--permanent",))
        ),
    ]


def test_if_the_firewall_has_the_rule_the_app_reports_that_something_else_blocks() -> None:
    why = refused(guarded(SILENT, UFW_OURS), "storage.firewall")
    assert why.startswith("ufw already has a rule for 192.0.2.10, so something else blocks the connection")


def wrapped(deny: str, allow: str = "", daemons: tuple[str, ...] = ("rpcbind", "rpc.mountd")) -> NfsFacts:
    return but(world(), wrapped=daemons, hosts_deny=deny, hosts_allow=allow)


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        (wrapped("ALL: ALL\n", daemons=()), NOT_NEEDED),
        (wrapped("# ALL: ALL\nsshd: ALL\n"), NOT_NEEDED),
        (wrapped("ALL: ALL\n"), FAILED),
        (wrapped("mountd rpcbind: ALL\n"), FAILED),
        (wrapped("sshd,rpcbind : \\\n ALL : spawn (true)\n", "sshd: ALL\n"), FAILED),
        (wrapped("ALL: ALL\n", "rpcbind mountd : 192.0.2.10 192.0.2.11\n"), OK),
        (wrapped("ALL: ALL\n", "rpcbind: .example.org\n"), WARNING),  # the app does not evaluate patterns
        (wrapped("rpcbind: 203.0.113.9\n"), WARNING),
        (wrapped("rpcbind: ALL EXCEPT 192.0.2.0/24\n"), WARNING),
    ],
)
def test_tcp_wrappers_fail_only_if_they_certainly_refuse_the_hosts(facts: NfsFacts, state: str) -> None:
    assert found(facts, "storage.wrappers").state == state


def test_the_undo_removes_the_line_for_tcp_wrappers_and_the_app_recognizes_its_line() -> None:
    facts = wrapped("ALL: ALL\n")
    ((add, undo),) = planned(facts, "storage.wrappers")
    assert isinstance(add, AddLines)
    assert add.lines == ("rpcbind mountd : 192.0.2.10 192.0.2.11",)
    assert undo == (RemoveLines(STORAGE, "/etc/hosts.allow", add.lines),)
    assert found(wrapped("ALL: ALL\n", with_lines("sshd: ALL", add.lines)), "storage.wrappers").state == OK


def test_a_masked_service_is_not_changed_and_a_stopped_one_is_enabled_and_started() -> None:
    masked = Unit("nfs-server.service", "masked", "inactive", "masked")
    assert refused(but(world(), units=(masked,)), "storage.service") == "an administrator has masked nfs-server.service"
    stopped = Unit("nfs-server.service", "loaded", "inactive", "disabled")
    verbs = (("enable", "disable"), ("start", "stop"))
    assert planned(but(world(), units=(stopped,)), "storage.service") == [
        (Command(STORAGE, ("systemctl", do, stopped.name)), (Command(STORAGE, ("systemctl", back, stopped.name)),))
        for do, back in verbs
    ]


@pytest.mark.parametrize("path", PATHS[1:5])
def test_a_displayed_command_can_be_pasted_into_a_shell(path: str) -> None:
    for action, undo in planned(world(export=path), "source.mount"):
        for each in (action, *undo):
            if isinstance(each, Command):
                assert tuple(shlex.split(each.text)) == each.argv
