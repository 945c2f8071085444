"""A host of four is emptied while the runner is killed, and its VMs are brought back, with real migrations."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.conftest import NAME
from tests.lab.lab_backend import LIMIT_S
from tests.lab.screen import Screen
from tui.lab.kvm import usable
from tui.lab.lab import Lab
from tui.lab.place import SHARED_FOLDER, Place

HOSTS = ("source", "destination", "host3", "host4")
VMS = tuple(f"vm{number}" for number in range(1, 9))
STUCK = "stuck"  # QEMU cannot migrate the format of its disk
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


def running(lab: Lab) -> dict[str, list[str]]:
    """By VM the hosts where it runs."""
    found: dict[str, list[str]] = {name: [] for name in (*VMS, STUCK)}
    for host in HOSTS:
        for name in lab.machine(host).run(["virsh", "list", "--state-running", "--name"]).split():
            found[name].append(host)
    return found


def status(lab: Lab) -> dict[str, Any]:
    return json.loads(run(lab, "queue", "--json").stdout)["queue"]


def kill_runner(lab: Lab) -> None:
    (pid,) = lab.machine("source").run(["sh", "-c", RUNNER]).split()
    lab.machine("source").run(["kill", "-9", pid])


def test_a_plan_is_shown_and_nothing_moves(four: Lab) -> None:
    done = run(four, "evacuate", "source", "--to", "host3", "host4", "--dry-run", "--json")
    assert done.returncode == 1, done.stderr  # one VM would remain
    entries = json.loads(done.stdout)["plan"]["entries"]
    assert [each["vm"] for each in entries] == [*VMS, STUCK]  # the smallest first
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
