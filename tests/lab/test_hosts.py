"""The Hosts room's list in the lab: all checks pass, and every fault is found, repaired and undone."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tui.lab.lab import Lab

REPOSITORY = Path(__file__).parents[2]
LIMIT_S = 300
GOOD = ("ok", "warning", "not needed")
Items = dict[str, dict[str, Any]]


def the_list(lab: Lab, *request: str) -> Items:
    """The items after an order, which runs in a new process, as in a new app."""
    words = ["env", f"PYTHONPATH={REPOSITORY}", sys.executable, "-m", "tests.lab.list_on_source", *request]
    argv = lab.machine("source").argv(words)
    done = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, stdin=subprocess.DEVNULL, check=False)
    print(done.stderr)
    assert done.returncode == 0, done.stdout
    found: Items = json.loads(done.stdout)
    return found


def bad(items: Items) -> dict[str, str]:
    return {id: item["found"] for id, item in items.items() if item["state"] not in GOOD}


@contextmanager
def edited(file: Path, pattern: str, replacement: str = "") -> Iterator[str]:
    """Replaces the matches in the file, yields its new text, and restores the file at the end."""
    before = file.read_text()
    after = re.sub(pattern, replacement, before, flags=re.MULTILINE)
    assert after != before
    file.write_text(after)  # in place: the file may be a mount point
    try:
        yield after
    finally:
        file.write_text(before)


def etc_hosts(lab: Lab, host: str) -> Path:
    return lab.machine(host).folder / "etc/hosts"


def ssh_file(lab: Lab, host: str, name: str) -> Path:
    return lab.machine(host).home / ".ssh" / name


def files(lab: Lab) -> dict[Path, bytes]:
    """The files that the app could change on the three hosts."""
    folders = (folder for each in lab.machines for folder in (each.home / ".ssh", each.folder / "etc"))
    names = (name for folder in folders for name in [*folder.glob("*"), *folder.glob("sysctl.d/*")])
    return {name: name.read_bytes() for name in names if name.is_file()}


def test_every_check_of_the_hosts_passes_or_reports_why_it_is_not_needed(lab: Lab) -> None:
    items = the_list(lab, "look")
    assert bad(items) == {}
    assert all(item["found"] for item in items.values())
    for host, other, address in (("destination", "source", "10.77.0.2"), ("source", "destination", "10.77.0.1")):
        # A connection of an earlier test may have used one of them as its own port.
        found = rf"{other} reached (64 ports at {address}|\d\d ports at {address}; [\d, ]+ in use, not tried)"
        assert re.fullmatch(found, items[f"{host}.ports"]["found"])
    assert items["destination.peer"]["found"] == "its libvirt reports the host name source"
    assert items["destination.cpu"]["found"].startswith("the same on both: ")


def test_checking_changes_no_host_and_leaves_no_process(lab: Lab) -> None:
    before, processes = files(lab), lab.machine("destination").run(["ps", "-eo", "comm="])
    the_list(lab, "look")
    assert files(lab) == before
    assert sorted(lab.machine("destination").run(["ps", "-eo", "comm="])) == sorted(processes)
    assert ":49" not in lab.machine("destination").run(["ss", "-Hltn"])


BLOCK = (
    "ip rule add pref 100 lookup local && ip rule del pref 0 && "
    "ip rule add pref 1 iif br0 ipproto tcp dport 49160-49215 blackhole"
)
UNBLOCK = "ip rule del pref 1; ip rule add pref 0 lookup local; ip rule del pref 100"


@pytest.fixture
def blocked(lab: Lab) -> Iterator[Lab]:
    """The destination drops packets to most of the migration ports."""
    lab.machine("destination").run(["sh", "-c", BLOCK])
    yield lab
    lab.machine("destination").run(["sh", "-c", UNBLOCK])


def test_ports_blocked_for_the_source_are_found(blocked: Lab) -> None:
    items = the_list(blocked, "look")
    assert list(bad(items)) == ["destination.ports"]
    found = "at 10.77.0.2 49160-49215: no reply; a firewall may drop the packets"
    assert items["destination.ports"]["found"] == found
    assert "neither ufw nor firewalld is active there" in items["destination.ports"]["why_not"]


def test_a_name_that_resolves_to_the_host_itself_is_found_but_not_repaired(lab: Lab) -> None:
    with edited(etc_hosts(lab, "source"), r"^10\.77\.0\.2 ", "127.0.1.1 "):
        item = the_list(lab, "look")["source.names"]
    found = "destination (destination) resolves to 127.0.1.1: this host itself"
    assert (item["state"], item["found"]) == ("failed", found)
    assert "remove it by hand" in item["why_not"]


def test_a_host_whose_own_name_is_a_loopback_address_gets_a_warning(lab: Lab) -> None:
    machine = lab.machine("destination")
    with (
        edited(etc_hosts(lab, "destination"), r"^10\.77\.0\.2 ", "127.0.1.1 "),
        edited(machine.folder / "etc/libvirt/qemu.conf", r"^migration_host.*\n"),
    ):
        item = the_list(lab, "look")["destination.own_name"]
    assert (item["state"], item["found"]) == ("warning", "destination resolves to 127.0.1.1 here")


def test_an_unknown_name_is_added_and_undo_removes_it(lab: Lab) -> None:
    file = etc_hosts(lab, "destination")
    with edited(file, r"^10\.77\.0\.1 source\n") as without:
        assert "destination.names" in bad(the_list(lab, "look"))
        applied = the_list(lab, "apply", "destination.names")
        assert applied["destination.names"]["state"] == "ok"
        assert file.read_text().endswith("its own\n10.77.0.1 source\n")
        the_list(lab, "undo")
        assert file.read_text() == without


def test_an_unknown_host_key_is_shown_and_added_and_undo_removes_it(lab: Lab) -> None:
    file = ssh_file(lab, "destination", "known_hosts")
    fingerprint = lab.machine("source").run(["ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key"]).split()[1]
    with edited(file, r"^source,.*\n") as without:
        item = the_list(lab, "look")["destination.known_hosts"]
        assert item["state"] == "failed"
        assert fingerprint in item["found"]
        assert fingerprint in item["note"]
        assert the_list(lab, "apply", "destination.known_hosts")["destination.known_hosts"]["state"] == "ok"
        the_list(lab, "undo")
        assert file.read_text() == without
        assert the_list(lab, "look")["destination.known_hosts"]["state"] == "failed"


def test_a_changed_host_key_is_not_trusted(lab: Lab) -> None:
    other = lab.place.host_key("storage").with_suffix(".pub").read_text().split()[1]
    with edited(ssh_file(lab, "destination", "known_hosts"), r"^(source,\S+ \S+) \S+", rf"\1 {other}"):
        item = the_list(lab, "look")["destination.known_hosts"]
    assert item["state"] == "failed"
    assert item["found"].startswith("its host key differs from the one that root knows")
    assert not item["change"]
    assert "find out first why the host key changed" in item["why_not"]


def test_a_missing_way_back_is_set_up_at_once_and_undone_byte_for_byte(lab: Lab) -> None:
    names = ("id_ed25519", "id_ed25519.pub", "known_hosts")
    own = {name: ssh_file(lab, "destination", name) for name in names}
    kept = {name: (file.read_bytes(), file.stat().st_mode) for name, file in own.items()}
    try:
        for file in own.values():
            file.unlink()
        with edited(etc_hosts(lab, "destination"), r"^10\.77\.0\.1 source\n"):
            before = files(lab)
            expected = ["destination.names", "destination.key", "destination.known_hosts", "source.authorized_keys"]
            assert list(the_list(lab, "apply")) == expected
            assert bad(the_list(lab, "look")) == {}
            assert the_list(lab, "apply") == {}
            the_list(lab, "undo")
            assert files(lab) == before
    finally:
        for name, (data, mode) in kept.items():
            own[name].write_bytes(data)
            own[name].chmod(mode & 0o777)


def test_an_unreachable_host_does_not_prevent_checks_of_the_others(lab: Lab) -> None:
    machine = lab.machine("storage")
    machine.run(["sh", "-c", "kill $(cat /run/sshd.pid)"])
    try:
        items = the_list(lab, "look")
    finally:
        machine.start_daemons()
    assert set(bad(items)) == {id for id in items if id.startswith("storage.")}
    assert items["storage.login"]["state"] == "failed"
    assert items["storage.clock"]["state"] == "unknown"
