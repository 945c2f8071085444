"""What the certificates of both hosts decide before a migration with TLS."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fake_hosts import FakeHosts, guest1
from tui.core.command import Completed
from tui.core.failure import Failure, PasswordNeeded
from tui.core.plan import PRE_COPY, Plan
from tui.linux.qemu_conf import QemuConf
from tui.linux.sudo import Sudo
from tui.migration.backend.after.aftermath import OnHosts
from tui.migration.backend.before.preflight import Refused
from tui.migration.backend.before.tls_check import TlsCheck
from tui.migration.model.ending.outcome import facts
from tui.migration.model.record import Event
from tui.migration.model.timeline import Timeline
from tui.migration.model.tls_check import MAKE, Checked, checked, name_of
from tui.migration.model.tls_files import CLIENT, MISSING, OK, SERVER, THERE, UNKNOWN, UNREADABLE, Place, TlsFiles

NOW, DAY = 1_700_000_000, 86400
CA = "ca-cert.pem"
GOOD = (NOW - DAY, NOW + DAY)
PLAN = Plan("guest1", PRE_COPY, tls=True)


def end_of(host: str, end: str) -> TlsFiles:
    files = (CA, f"{end}-cert.pem", f"{end}-key.pem")
    states, dates = dict.fromkeys(files, OK), dict.fromkeys(files[:2], GOOD)
    named = True if end == SERVER else None
    return TlsFiles(
        host, end, "/etc/pki/qemu", (64055, 64055), states, NOW, dates, ("host-b", "*.x"), named, True, True
    )


ORIGIN, TARGET = end_of("source", CLIENT), end_of("destination", SERVER)


def judged(origin: TlsFiles = ORIGIN, target: TlsFiles = TARGET, **how: Any) -> Checked:
    known = {"verifies": True, "trusted": True, "admitted": True, **how}
    return checked(origin, target, "destination", **known)


def with_states(each: TlsFiles, state: str, *files: str) -> TlsFiles:
    return replace(each, states={**each.states, **dict.fromkeys(files, state)})


def with_dates(each: TlsFiles, file: str, start: int, end: int) -> TlsFiles:
    return replace(each, dates={**each.dates, file: (start, end)})


def test_good_certificates_are_accepted() -> None:
    assert judged() == Checked()


NO_CLIENT = with_states(ORIGIN, MISSING, "client-cert.pem", "client-key.pem")
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    (
        {"target": with_states(TARGET, MISSING, CA, "server-cert.pem", "server-key.pem")},
        "destination has no ca-cert.pem, server-cert.pem and server-key.pem in /etc/pki/qemu",
        MAKE,
    ),
    (
        {"origin": NO_CLIENT},
        "source has no client-cert.pem and client-key.pem in /etc/pki/qemu, and destination requires a certificate",
        MAKE,
    ),
    ({"origin": with_states(NO_CLIENT, MISSING, CA), "verifies": False}, "source has no ca-cert.pem in", MAKE),
    (
        {"origin": with_states(ORIGIN, MISSING, "client-key.pem"), "verifies": False},
        "source has no client-key.pem in",
        MAKE,
    ),
    (
        {"target": with_states(TARGET, UNREADABLE, "server-key.pem")},
        "QEMU, which runs as user 64055, cannot read /etc/pki/qemu/server-key.pem on destination",
        "chown :64055 /etc/pki/qemu/server-key.pem && chmod 640",
    ),
    (
        {"target": with_dates(TARGET, "server-cert.pem", NOW - 2 * DAY, NOW - DAY)},
        "/etc/pki/qemu/server-cert.pem on destination expired on 2023-11-13 22:13 UTC",
        "Issue a new one.",
    ),
    (
        {"target": with_dates(TARGET, CA, NOW + DAY, NOW + 2 * DAY)},
        "/etc/pki/qemu/ca-cert.pem on destination is valid from 2023-11-15 22:13 UTC, and destination has 2023-11-14",
        "Set the clock of destination, or issue a new one.",
    ),
    (
        {
            "origin": replace(ORIGIN, now=NOW + 2 * DAY, dates={"client-cert.pem": (0, 2 * NOW)}),
            "target": replace(TARGET, dates={"server-cert.pem": GOOD}),
        },
        "server-cert.pem on destination expired on 2023-11-15 22:13 UTC by the clock of source",
        "Issue a new one.",
    ),
    (
        {"target": replace(TARGET, named=False)},
        "source connects to destination, and /etc/pki/qemu/server-cert.pem on destination is for host-b and *.x",
        "Issue one whose subjectAltName has destination, or add --tls-destination host-b.",
    ),
    ({"target": replace(TARGET, named=False, names=())}, "is for no name", "subjectAltName has destination."),
    (
        {"trusted": False},
        "/etc/pki/qemu/ca-cert.pem on source is not the CA of /etc/pki/qemu/server-cert.pem on destination",
        "with one CA",
    ),
    (
        {"admitted": False},
        "/etc/pki/qemu/ca-cert.pem on destination is not the CA of /etc/pki/qemu/client-cert.pem on source",
        "with one CA",
    ),
    (
        {"target": replace(TARGET, signed=False), "trusted": False},
        "/etc/pki/qemu/ca-cert.pem on destination is not the CA of server-cert.pem there",
        "Copy the ca-cert.pem that issued it",
    ),
    (
        {"target": replace(TARGET, pair=False)},
        "/etc/pki/qemu/server-key.pem on destination is not the key of server-cert.pem",
        "made together",
    ),
]


@pytest.mark.parametrize(("how", "why", "hint"), REFUSED)
def test_what_qemu_would_refuse_is_refused_once(how: dict[str, Any], why: str, hint: str) -> None:
    (failure,) = judged(**how).failures
    assert failure.what == "--tls is refused"
    assert why in failure.why
    assert hint in failure.hint


def test_a_certificate_of_the_origin_is_needed_only_if_the_target_requires_it() -> None:
    assert judged(NO_CLIENT, verifies=False, admitted=None) == Checked()
    assert judged(verifies=False, admitted=False) == Checked()


@pytest.mark.parametrize(
    ("how", "doubt"),
    [
        (
            {"target": replace(TARGET, states=dict.fromkeys(TARGET.states, UNKNOWN), named=None), "trusted": None},
            "The TLS certificates of destination were not checked: the login cannot look into /etc/pki/qemu.",
        ),
        (
            {"origin": replace(ORIGIN, openssl=False, dates={}), "admitted": None},
            "The TLS certificates of source were not checked: openssl is not installed there.",
        ),
        (
            {"target": replace(TARGET, dates={})},
            "The TLS certificates of destination were not checked: "
            "openssl there could not read /etc/pki/qemu/server-cert.pem.",
        ),
        (
            {"target": with_states(TARGET, THERE, "server-key.pem")},
            "Whether QEMU can read the TLS certificates of destination was not checked: that needs root there.",
        ),
        (
            {"trusted": None},
            "Whether source trusts /etc/pki/qemu/server-cert.pem of destination was not checked.",
        ),
        (
            {"admitted": None},
            "Whether destination trusts /etc/pki/qemu/client-cert.pem of source was not checked.",
        ),
        (
            {"target": replace(TARGET, named=None)},
            "The name in /etc/pki/qemu/server-cert.pem of destination was not checked.",
        ),
        (
            {"target": replace(TARGET, guarded=True)},
            "AppArmor may keep QEMU from reading /etc/pki/qemu on destination: its profile of VMs does not name it, "
            "and lets QEMU read /etc/pki/qemu.",
        ),
    ],
)
def test_what_is_unknown_is_a_doubt_and_refuses_nothing(how: dict[str, Any], doubt: str) -> None:
    assert judged(**how) == Checked((), (doubt,))


@pytest.mark.parametrize(
    ("plan", "conf", "name"),
    [
        (PLAN, QemuConf(), "b.example.org"),
        (PLAN, QemuConf(migration_host="10.0.0.2"), "10.0.0.2"),
        (replace(PLAN, migrateuri="tcp://[2001:db8::2]:49200"), QemuConf(migration_host="x"), "2001:db8::2"),
        (replace(PLAN, migrateuri="tcp://fast-b:49200"), QemuConf(), "fast-b"),
        (replace(PLAN, migrateuri="tcp://fast-b", tls_destination="host-b"), QemuConf(), "host-b"),
    ],
)
def test_the_name_that_qemu_compares(plan: Plan, conf: QemuConf, name: str) -> None:
    assert name_of(plan, Place(conf, "/p"), "b.example.org") == name


# -- on the hosts --

FILES = "now {now}\n" + "".join(f"file ok {each}\n" for each in ("ca-cert.pem", "{end}-cert.pem", "{end}-key.pem"))
READ = FILES + "dates {end}-cert.pem 0 {later}\nnamed yes\nsigned ok\npair yes\npem X\n"


def hosts_with(here: str, there: str) -> FakeHosts:
    hosts = FakeHosts()
    hosts.source.known = {"guest1": guest1("running")}
    for address, end, answer in (("", CLIENT, here), ("root@destination", SERVER, there)):
        read = answer.format(end=end, now=NOW, later=NOW + DAY)
        shell = hosts.shells[address]
        answers = {"\nsh\nlook\n": read, "\nsh\ntrust\n": "signed ok\n", "\nsh\nconf": 'migration_host = "host-b"\n'}
        shell.answers = {**answers, **shell.answers}
    return hosts


def check_of(hosts: FakeHosts) -> TlsCheck:
    return TlsCheck(hosts.connections, Sudo(hosts.connections.shell))


async def test_both_hosts_are_read_and_each_verifies_the_other() -> None:
    hosts = hosts_with(READ, READ)
    assert await check_of(hosts).require(PLAN, "source") == ()
    commands = hosts.shells["root@destination"].commands
    assert [each[-7:] for each in commands if "look" in each] == [
        ("look", "/etc/pki/qemu", SERVER, "64055", "994", "-checkhost", "host-b")
    ]
    assert b"X\n" in hosts.shells[""].stdin
    assert b"X\n" in hosts.shells["root@destination"].stdin


async def test_a_migration_with_bad_certificates_is_refused_before_the_start() -> None:
    hosts = hosts_with(READ, READ.replace("named yes", "named no\nnames DNS:b"))
    with pytest.raises(Refused) as refused:
        await OnHosts(tls=check_of(hosts)).unchecked(PLAN, "source")
    assert [each.why for each in refused.value.failures] == [
        "source connects to host-b, and /etc/pki/qemu/server-cert.pem on destination is for b"
    ]


async def test_without_tls_nothing_is_read() -> None:
    hosts = hosts_with(READ, READ)
    assert await OnHosts(tls=check_of(hosts)).unchecked(Plan("guest1"), "source") == {}
    assert await OnHosts().unchecked(PLAN, "source") == {}
    assert hosts.shells[""].commands == []


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({"\nsh\nconf": Completed(1, "", "")}, "/etc/libvirt/qemu.conf there could not be read"),
        ({"\nsh\nlook\n": Failure("ssh broke", "no route")}, "ssh broke: no route"),
    ],
)
async def test_a_host_that_cannot_be_read_is_a_doubt_that_is_recorded(answers: dict[str, Any], why: str) -> None:
    hosts = hosts_with(READ, READ)
    shell = hosts.shells["root@destination"]
    shell.answers = {**shell.answers, **answers}
    doubt = f"The TLS certificates of destination were not checked: {why}."
    found = await OnHosts(tls=check_of(hosts)).unchecked(PLAN, "source")
    assert found == {"unchecked": [doubt]}
    timeline = Timeline()
    timeline.add(Event(0.0, "2026-01-01T00:00:00", "start", {"vm": "guest1", **json.loads(json.dumps(found))}))
    assert [mark.text for mark in timeline.marks] == ["certificates not checked"]
    assert [fact.text for fact in facts(timeline, Path("/run"), "source") if fact.label == "not checked"] == [doubt]


async def test_what_one_host_lacks_is_known_though_the_other_could_not_be_read() -> None:
    hosts = hosts_with("file missing ca-cert.pem\n", READ)
    shell = hosts.shells["root@destination"]
    shell.answers = {"\nsh\nconf": Completed(1, "", ""), **shell.answers}
    found = await check_of(hosts).check(PLAN, "source")
    assert [each.why for each in found.failures] == ["source has no ca-cert.pem in /etc/pki/qemu"]


async def test_without_root_the_login_reads_what_it_may() -> None:
    hosts = hosts_with(READ, READ.replace("file ok", "file there"))
    shell = hosts.shells["root@destination"]
    shell.answers = {
        "id\n-u": "1000\n",
        "sudo": PasswordNeeded("destination", "root is needed", "sudo asks"),
        **shell.answers,
    }
    assert (await check_of(hosts).check(PLAN, "source")).doubts == (
        "Whether QEMU can read the TLS certificates of destination was not checked: that needs root there.",
    )


async def test_the_daemon_of_a_user_is_not_checked() -> None:
    hosts = hosts_with(READ, READ)
    table = hosts.connections.config.hosts
    session = replace(table["source"], libvirt="qemu:///session")
    named = {**table.named, "source": session}
    hosts.connections.config = replace(hosts.connections.config, hosts=replace(table, named=named))
    assert (await check_of(hosts).check(PLAN, "source")).doubts == (
        "The TLS certificates of source were not checked: its libvirt is the one of a user.",
    )
