"""A host of four is emptied, the runner or another host killed meanwhile, and its VMs are brought back."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.lab import fault_vm
from tests.lab.conftest import NAME
from tests.lab.lab_backend import LIMIT_S
from tests.lab.labs import until
from tests.lab.screen import Screen
from tui.lab.kvm import usable
from tui.lab.lab import Lab
from tui.lab.place import SHARED_FOLDER, Place
from tui.migration.model.timeline import PASS

HOSTS = ("source", "destination", "host3", "host4")
VMS = tuple(f"vm{number}" for number in range(1, 9))
STUCK = "stuck"  # QEMU cannot migrate the format of its disk
BUSY = fault_vm.VM  # it dirties its memory faster than the test lets it be sent
DISTURBED = (BUSY,)
RUNNER = "for each in /proc/[0-9]*; do grep -qz '^runner$' $each/cmdline && grep -qz '^tui.app.main$' $each/cmdline && basename $each; done; true"  # noqa: E501


def definition(name: str, memory_mib: int, devices: str = "") -> str:
    """A VM that boots nothing: its firmware waits, which costs no time of the machine."""
    return f"""<domain type='{"kvm" if usable() else "qemu"}'><name>{name}</name>
<memory unit='MiB'>{memory_mib}</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='pc'>hvm</type></os>
<devices><controller type='usb' model='none'/><serial type='pty'/>{devices}</devices></domain>"""


@pytest.fixture(scope="module")
def four() -> Iterator[Lab]:
    lab = Lab(Place(f"{NAME}-evacuate"), print)
    lab.down()
    try:
        lab.up(hypervisors=4)
        source = lab.machine("source")
        disk = f"{SHARED_FOLDER}/{STUCK}.vmdk"
        source.run(["qemu-img", "create", "-q", "-f", "vmdk", disk, "1M"])
        vmdk = f"""<disk type='file' device='disk'><driver name='qemu' type='vmdk'/><source file='{disk}'/>
<target dev='vda' bus='virtio'/></disk>"""
        xmls = {name: definition(name, 48 + 8 * number) for number, name in enumerate(VMS)}
        for name, xml in (xmls | {STUCK: definition(STUCK, 64, vmdk)}).items():
            path = source.folder / f"{name}.xml"
            path.write_text(xml)
            source.run(["virsh", "define", str(path)])
            source.run(["virsh", "start", name])
        yield lab
    finally:
        lab.down()


def argv(lab: Lab, *words: str) -> list[str]:
    return lab.machine("source").argv([sys.executable, "-m", "tui", *words])


def run(lab: Lab, *words: str) -> "subprocess.CompletedProcess[str]":
    """`vmlm-tui` on the source."""
    return subprocess.run(argv(lab, *words), capture_output=True, text=True, timeout=LIMIT_S, check=False)


def running(lab: Lab, names: Sequence[str] = (*VMS, STUCK), hosts: Sequence[str] = HOSTS) -> dict[str, list[str]]:
    """By VM the hosts where it runs."""
    found: dict[str, list[str]] = {name: [] for name in names}
    for host in hosts:
        for name in lab.machine(host).run(["virsh", "list", "--state-running", "--name"]).split():
            if name in found:
                found[name].append(host)
    return found


def status(lab: Lab) -> dict[str, Any]:
    """That of the newest queue; empty before the first one."""
    return json.loads(run(lab, "queue", "--json").stdout)["queue"] or {}


def kill_runner(lab: Lab) -> None:
    (pid,) = lab.machine("source").run(["sh", "-c", RUNNER]).split()
    lab.machine("source").run(["kill", "-9", pid])


def test_a_plan_is_shown_and_nothing_moves(four: Lab) -> None:
    done = run(four, "evacuate", "source", "--to", "host3", "host4", "--dry-run", "--json")
    assert done.returncode == 1, done.stderr  # one VM would remain
    entries = json.loads(done.stdout)["plan"]["entries"]
    *names, last = (each["vm"] for each in entries)
    assert (sorted(names), last) == ([*VMS], STUCK)  # what cannot move is last
    assert {each["target"] for each in entries} == {"host3", "host4", ""}
    assert "vmdk" in entries[-1]["cannot"]
    assert running(four) == {name: ["source"] for name in (*VMS, STUCK)}


def test_the_host_is_emptied_although_the_runner_is_killed_in_between(four: Lab) -> None:
    words = argv(four, "evacuate", "source", "--to", "host3", "host4", "--bandwidth", "8MiB/s")
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        began = time.monotonic()
        for line in process.stdout:
            if "was moved to" in line:
                break
            assert time.monotonic() - began < LIMIT_S
        kill_runner(four)
        out, err = process.communicate(timeout=LIMIT_S)
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == 1, out + err
    assert "The queue that empties source is done: 8 moved, 1 cannot move." in out
    assert "source is in maintenance" in out

    where = running(four)
    assert where.pop(STUCK) == ["source"]
    assert all(len(hosts) == 1 and hosts[0] in ("host3", "host4") for hosts in where.values()), where
    assert {host for hosts in where.values() for host in hosts} == {"host3", "host4"}
    found = status(four)
    moved = [each for each in found["entries"] if each["vm"] != STUCK]
    assert [(each["state"], len(each["attempts"])) for each in moved] == [("moved", 1)] * len(VMS)  # none twice
    runs = four.machine("source").run(["ls", str(Path(moved[0]["folder"]).parent)]).split()
    ours = [each for each in runs if each >= found["id"].partition("-")[0]]  # a lab of before may have left others
    assert sorted(ours) == sorted(each["run"] for each in moved)


def test_nothing_is_proposed_to_go_to_a_host_in_maintenance(four: Lab) -> None:
    done = run(four, "evacuate", "host3", "--dry-run", "--json")
    entries = json.loads(done.stdout)["plan"]["entries"]
    assert entries
    assert all("source" not in each["targets"] for each in entries)
    done = run(four, "evacuate", "host3", "--to", "source", "--dry-run")
    assert "source is in maintenance since" in done.stdout


def test_what_was_moved_away_is_brought_back(four: Lab) -> None:
    done = run(four, "bring-back", "source")
    assert done.returncode == 0, done.stdout + done.stderr
    assert running(four) == {name: ["source"] for name in (*VMS, STUCK)}
    done = run(four, "evacuate", "host3", "--dry-run", "--json")
    assert json.loads(done.stdout)["plan"]["entries"] == []
    assert json.loads(run(four, "queue", "--json").stdout)["queue"]["counts"]["moved"] == len(VMS)


def test_all_of_it_is_done_by_keys(four: Lab, tmp_path: Path) -> None:
    screen = Screen(tmp_path / "tmux", argv(four))
    try:
        screen.wait_for("3 Launch")  # it opens on the page of the last migration, whose end nobody has seen
        screen.press("3")
        screen.wait_for("[3 Launch]", "vm1 ", "can go to 3 hosts")
        mark_two = ("Home", "Down", "Down", "Space", "Space")  # below guest1 and the one that cannot move
        screen.press(*mark_two)
        screen.wait_for("2 marked", "*  vm1", "*  vm2")
        screen.press("E")
        screen.wait_for("Move 2 VMs", "vm1", "vm2", "enter run")
        screen.press("Escape")
        screen.wait_for("[3 Launch]", "2 marked")
        screen.press(*mark_two)  # takes the marks off
        screen.wait(lambda text: "marked" not in text, "the end of the marks")
        screen.press("E")
        screen.wait_for("Empty source: 8 VMs to move, 1 cannot move", "enter run")
        screen.press("Enter")
        screen.wait_for("The queue that empties source is done: 8 moved, 1 cannot move.", limit_s=LIMIT_S)
        where = running(four)
        assert where.pop(STUCK) == ["source"]
        assert all(len(hosts) == 1 and hosts != ["source"] for hosts in where.values()), where
        assert len({host for hosts in where.values() for host in hosts}) > 1
        screen.press("B")
        screen.wait_for("Bring the VMs of source back: 8 VMs to move", "enter run")
        screen.press("Enter")
        screen.wait_for("is done: 8 moved", limit_s=LIMIT_S)
    finally:
        screen.close()
    assert running(four) == {name: ["source"] for name in (*VMS, STUCK)}


@pytest.fixture
def disturbed(four: Lab) -> Iterator[Lab]:
    """The destination has a VM that pre-copy cannot move at the bandwidth of the test."""
    destination = four.machine("destination")
    fault_vm.install(four.place)
    fault_vm.define(destination, fault_vm.definition())
    fault_vm.start(destination)
    yield four
    four.up()
    for name, hosts in running(four, DISTURBED).items():
        for host in hosts:
            four.machine(host).run(["sh", "-c", f"virsh destroy {name}; virsh undefine {name}"])


def under_way(lab: Lab, vm: str) -> dict[str, Any]:
    """The entry of the queue for a VM once its memory is being sent."""
    newest: dict[str, Any] = {}

    def is_sent() -> bool:
        newest.update(next((each for each in status(lab).get("entries", ()) if each["vm"] == vm), {}))
        return bool(newest.get("migration") and newest["migration"]["remaining_bytes"])

    until(is_sent)
    return newest


def test_a_host_that_dies_half_way_takes_no_vm_with_it(disturbed: Lab) -> None:
    words = ("evacuate", "destination", "--to", "host3", "host4", "--bandwidth", "8MiB/s", "--at-once", "1")
    process = subprocess.Popen(argv(disturbed, *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        entry = under_way(disturbed, BUSY)
        assert (entry["number"], entry["migration"]["phase"]) == (1, PASS), entry
        dead = entry["target"]
        alive = next(host for host in ("host3", "host4") if host != dead)
        host = disturbed.machine(dead).process()
        assert host is not None
        host.kill()
        out, err = process.communicate(timeout=LIMIT_S)
    finally:
        if process.poll() is None:
            process.kill()
    assert process.returncode == 0, out + err
    assert "The queue that empties destination is done: 1 moved." in out
    # The one that libvirt notices first: its own connection, or QEMU's.
    broke = f"(the connection to libvirt on|the migration stream to) {dead} broke"
    assert re.search(f"It could not be moved to {dead}: The migration of {BUSY} failed: {broke}", out), out

    others = [each for each in HOSTS if each != dead]
    assert running(disturbed, DISTURBED, others) == {name: [alive] for name in DISTURBED}
    fault_vm.wait_for_a_line(disturbed.place)  # it works, and no page of it is wrong
    found = status(disturbed)["entries"]
    tried = {each["vm"]: [(attempt["target"], bool(attempt["why"])) for attempt in each["attempts"]] for each in found}
    assert tried[BUSY] == [(dead, True), (alive, False)]
    records = disturbed.machine("source").run(["cat", f"{found[0]['folder']}/raw.jsonl"])
    decisions = [each for each in map(json.loads, records.splitlines()) if each.get("action") == "automatic"]
    assert [each["decided"] for each in decisions] == ["post-copy"]  # pre-copy alone would not have ended

    disturbed.up()  # the host is switched on again
    assert running(disturbed, DISTURBED) == {name: [alive] for name in DISTURBED}
    assert disturbed.machine(dead).run(["virsh", "list", "--all", "--name"]).strip() == ""
    done = run(disturbed, "bring-back", "destination")
    assert done.returncode == 0, done.stdout + done.stderr
    assert running(disturbed, DISTURBED) == {name: ["destination"] for name in DISTURBED}
    fault_vm.wait_for_a_line(disturbed.place)
