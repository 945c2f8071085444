"""The lab itself: it starts, is repaired, runs a guest that migrates, and is removed without a trace."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab.lab_backend import LIMIT_S, LabBackend
from tests.lab.labs import command, kill_daemon, namespaces, namespaces_in_use, processes, until
from tui.lab.inventory import GUEST, HOSTS
from tui.lab.lab import OLD_DISK, Lab
from tui.lab.place import Place
from tui.lab.process import Process

NAMESPACES = ("mnt", "net", "pid", "uts")


def printed(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, check=True).stdout


def whole(lab: Lab) -> bool:
    """Whether every host reaches the next by name, libvirt included, and the source has the guest."""
    for machine, other in zip(lab.machines, [*lab.machines[1:], lab.machines[0]], strict=True):
        machine.run(["ssh", other.host.name, "true"])
    assert lab.machine("storage").daemon_runs("dnsmasq")
    source = lab.machine("source")
    assert source.run(["virsh", "-c", "qemu+ssh://root@destination/system", "uri"]).strip()
    return source.run(["virsh", "domstate", GUEST.name]).strip() != ""


def lasting(lab: Lab) -> set[Process]:
    """The lab's processes without the short-lived ones: the sleep of each host's first process."""
    names = {process: Path(f"/proc/{process.pid}/comm").read_text().strip() for process in processes(lab)}
    return {process for process, name in names.items() if name != "sleep"}


def files(lab: Lab) -> dict[str, tuple[int, int]]:
    """The files that `up` writes, with inode and time; without logs and libvirt's files."""
    paths = (
        path for path in lab.place.folder.rglob("*") if path.is_file() and not re.search("/libvirt-|[.]log$", str(path))
    )
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}


def test_a_second_up_changes_nothing(second: Lab) -> None:
    before = lasting(second), files(second)
    again = command("up", "--name", second.place.name)
    assert again.returncode == 0, again.stderr
    assert again.stderr.count("\n") == 1
    assert (lasting(second), files(second)) == before


def test_up_adds_the_guest_agent_to_an_older_lab_and_keeps_its_disk(second: Lab) -> None:
    source, images = second.machine("source"), second.place.images
    xml = source.run(["virsh", "dumpxml", "--inactive", GUEST.name])
    old = re.sub(r"<channel.*?</channel>", "", xml, flags=re.DOTALL)
    source.run(["sh", "-c", "cat > old.xml; virsh define old.xml"], stdin=old)
    second.place.recipe.unlink()
    disk = (images / f"{GUEST.name}.qcow2").stat().st_ino
    again = command("up", "--name", second.place.name)
    assert again.returncode == 0, again.stderr
    assert "is rebuilt" in again.stderr
    assert "org.qemu.guest_agent.0" in source.run(["virsh", "dumpxml", "--inactive", GUEST.name])
    assert (images / OLD_DISK).stat().st_ino == disk
    assert (images / f"{GUEST.name}.qcow2").stat().st_ino != disk


def kill_host(lab: Lab) -> None:
    process = lab.machine("source").process()
    assert process
    process.kill()


def kill_switch(lab: Lab) -> None:
    process = Process.recorded(lab.place.folder / "switch/init.pid")
    assert process
    process.kill()


def undefine(lab: Lab) -> None:
    lab.machine("source").run(["virsh", "undefine", GUEST.name])


def delete_link(lab: Lab) -> None:
    lab.machine("destination").run(["ip", "link", "del", "eth0"])


def delete_bridge(lab: Lab) -> None:
    lab.machine("source").run(["ip", "link", "del", "br0"])


def delete_address(lab: Lab) -> None:
    lab.machine("source").run(["ip", "address", "flush", "dev", "br0"])


def delete_disk(lab: Lab) -> None:
    (lab.place.images / f"{GUEST.name}.qcow2").unlink()


def remove_keys(lab: Lab) -> None:
    (lab.machine("storage").home / ".ssh/authorized_keys").write_text("")


BREAKAGES: dict[str, Callable[[Lab], None]] = {
    "a killed host": kill_host,
    "a killed switch": kill_switch,
    "a killed libvirtd": lambda lab: kill_daemon(lab, "libvirtd"),
    "a killed sshd": lambda lab: kill_daemon(lab, "sshd"),
    "a killed DHCP server": lambda lab: kill_daemon(lab, "dnsmasq", "storage"),
    "an undefined guest": undefine,
    "a deleted link": delete_link,
    "a deleted address": delete_address,
    "a deleted bridge": delete_bridge,
    "a deleted disk": delete_disk,
    "removed keys": remove_keys,
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_up_repairs(second: Lab, breakage: str) -> None:
    BREAKAGES[breakage](second)
    repaired = command("up", "--name", second.place.name)
    assert repaired.returncode == 0, repaired.stderr
    assert whole(second)
    assert (second.place.images / f"{GUEST.name}.qcow2").exists()


def test_status_reports_what_is_broken_and_how_to_repair_it(second: Lab) -> None:
    whole_one = command("status", "--name", second.place.name)
    assert whole_one.returncode == 0
    assert "guest1 shut off" in whole_one.stdout
    kill_host(second)
    kill_daemon(second, "libvirtd", "destination")
    broken = command("status", "--name", second.place.name)
    assert broken.returncode == 1
    lines = {line.split()[0]: line for line in broken.stdout.splitlines()}
    assert lines["source"].endswith(" down")
    assert lines["destination"].endswith("libvirtd does not answer")
    assert f"`vmlm-tui lab up --name {second.place.name}` repairs it" in broken.stdout


# `up` is killed as soon as the path exists; then the command runs.
MOMENTS = (
    ("keys/lab", "down"),
    ("images/guest1.qcow2.new", "up"),
    ("source/etc.new", "up"),
    ("storage/etc", "down"),
    ("switch/init.pid", "up"),
    ("destination/init.pid", "down"),
    ("source/ready", "down"),
    ("destination/libvirt-lib/qemu", "up"),
)


@pytest.mark.parametrize(("moment", "then"), MOMENTS)
def test_the_next_command_cleans_up_after_a_killed_up(lab: Lab, moment: str, then: str) -> None:
    half = Lab(Place("test-half"), print)
    half.down()
    try:
        argv = [sys.executable, "-m", "tui.lab", "up", "--name", half.place.name]
        with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as up:
            until(lambda: (half.place.folder / moment).exists() or up.poll() is not None)
            assert up.poll() is None, "it ended before the path existed"
            up.kill()
        done = command(then, "--name", half.place.name)
        assert done.returncode == 0, done.stderr
        if then == "up":
            assert whole(half)
    finally:
        half.down()
    assert not half.place.folder.exists()
    assert not half.place.lock.exists()
    assert not processes(half)


def test_two_commands_for_the_same_lab_wait_for_each_other(second: Lab) -> None:
    second.down()
    argv = [sys.executable, "-m", "tui.lab", "up", "--name", second.place.name]
    both = [subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [each.communicate(timeout=LIMIT_S)[1] for each in both]
    assert [each.returncode for each in both] == [0, 0], outputs
    assert sum("source: starting" in text for text in outputs) == 1
    assert whole(second)


def machine_itself() -> dict[str, object]:
    """The machine's links, addresses, routes, mounts and folders of its own libvirt."""
    kept = [
        Path(folder) for folder in ("/etc/libvirt/qemu", "/var/lib/libvirt", "/var/lib/libvirt-img", "/run/libvirt")
    ]
    return {
        "links": {link["ifname"] for link in json.loads(printed("ip", "-j", "link"))},
        "addresses": printed("ip", "-o", "address"),
        "routes": printed("ip", "route"),
        "mounts": Path("/proc/self/mountinfo").read_text(),
        "libvirt": {str(folder): sorted(os.listdir(folder)) if folder.is_dir() else None for folder in kept},  # noqa: PTH208
        "named namespaces": printed("ip", "netns", "list"),
        "host name": os.uname().nodename,
    }


def test_down_removes_everything_and_does_not_touch_another_lab(lab_backend: LabBackend, second: Lab) -> None:
    second.down()
    alone = lasting(lab_backend.lab)
    before = machine_itself()
    second.up()
    second.machine("source").run(["virsh", "start", GUEST.name])
    assert machine_itself() == before, "the lab is visible from the machine"
    assert (
        GUEST.name
        not in subprocess.run(
            ["virsh", "-c", "qemu:///system", "list", "--all"], capture_output=True, text=True, check=False
        ).stdout
    )

    pids = {process.pid for process in processes(second)}
    names = {Path(f"/proc/{pid}/comm").read_text().strip() for pid in pids}
    assert {"sshd", "libvirtd", "qemu-system-x86"} <= names
    own = namespaces(pids, *NAMESPACES) - namespaces({os.getpid()}, *NAMESPACES)
    assert len(own) >= 4 * len(HOSTS)
    beside = {process.pid for process in processes(lab_backend.lab)}
    assert not own & namespaces(beside, *NAMESPACES), "two labs share a namespace"

    gone = command("down", "--name", second.place.name)
    assert gone.returncode == 0, gone.stderr
    assert not second.place.folder.exists()
    assert not second.place.lock.exists()
    assert not processes(second)
    until(lambda: not own & set().union(*namespaces_in_use(*NAMESPACES).values()))
    assert machine_itself() == before
    assert lasting(lab_backend.lab) == alone
    assert lab_backend.guest("hostname").strip() == GUEST.name

    once_more = command("down", "--name", second.place.name)
    assert once_more.returncode == 0
    assert once_more.stderr.startswith(f"==> there is no lab '{second.place.name}'\n")
