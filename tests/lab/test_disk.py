"""A lab whose storage host serves the guest's disk over NBD, as with every libvirt before 10.8."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.lab_backend import LabBackend, bring_home
from tests.lab.test_lab import command, kill_daemon, processes, until
from tui.lab.inventory import GUEST
from tui.lab.lab import Lab
from tui.lab.place import Place

NAME = "test-nbd"
STATUS = ("status", "--name", NAME)
UP = ("up", "--name", NAME)


@pytest.fixture(scope="module")
def served(lab: Lab) -> Iterator[Lab]:
    served = Lab(Place(NAME), print)
    served.down()
    try:
        served.up(nbd=True)
        yield served
    finally:
        served.down()


@pytest.fixture
def lab_backend(served: Lab, tmp_path: Path) -> LabBackend:
    """The guest runs on the source and accepts ssh."""
    lab_backend = LabBackend(served, tmp_path)
    bring_home(lab_backend)
    return lab_backend


def from_disk(lab_backend: LabBackend, file: str) -> str:
    """The content of a file on the disk, not in the guest's page cache."""
    return lab_backend.guest(f"echo 3 > /proc/sys/vm/drop_caches; cat {file}")


def server(lab: Lab) -> str:
    return lab.machine("storage").run(["cat", "/run/qemu-nbd.pid"]).strip()


def test_the_guest_reads_from_its_disk_what_it_wrote_on_the_other_host(lab_backend: LabBackend) -> None:
    lab_backend.guest("echo first > /root/written; sync")
    writing = "n=0; while [ ! -e /tmp/enough ]; do n=$((n + 1)); echo $n >> /root/lines; sync; done"
    lab_backend.guest(f"setsid sh -c '{writing}' > /dev/null 2>&1 < /dev/null &")
    for origin, target in (("source", "destination"), ("destination", "source")):
        words = ["--live", "--p2p", "--persistent", "--undefinesource", GUEST.name]  # and no --unsafe
        lab_backend.virsh(origin, "migrate", *words, f"qemu+ssh://root@{target}/system")
        assert lab_backend.states() == {target: "running", origin: ""}
        assert from_disk(lab_backend, "/root/written") == (
            "first\n" if target == "destination" else "from destination\n"
        )
        lab_backend.guest(f"echo from {target} > /root/written; sync")
    lab_backend.guest("touch /tmp/enough; sync")
    lines = from_disk(lab_backend, "/root/lines").split()
    assert lines == [str(number) for number in range(1, len(lines) + 1)]
    assert len(lines) > 2
    assert not re.search(r"I/O error|EXT4-fs error", lab_backend.guest("dmesg"))


def test_a_killed_server_is_reported_and_restarted_without_data_loss(lab_backend: LabBackend) -> None:
    # Written but not flushed: the guest assumes that the data is on the disk, and has no copy.
    lab_backend.guest("dd if=/dev/urandom of=/tmp/made bs=1M count=4; dd if=/tmp/made of=/root/kept bs=1M oflag=direct")
    kill_daemon(lab_backend.lab, "qemu-nbd", "storage")
    broken = command(*STATUS)
    assert broken.returncode == 1
    assert "qemu-nbd is down" in broken.stdout
    repaired = command(*UP)
    assert repaired.returncode == 0, repaired.stderr
    assert "storage: qemu-nbd started" in repaired.stderr
    assert f"serves {GUEST.name}'s disk over NBD" in command(*STATUS).stdout

    def answers() -> bool:
        if lab_backend.states()["source"] == "paused":  # with an older libvirt, QEMU pauses the guest
            lab_backend.virsh("source", "resume", GUEST.name)
        return lab_backend.lab.machine("source").succeeds(
            ["ssh", GUEST.name, "echo after > /root/after; sync"], limit_s=10
        )

    until(answers)
    assert from_disk(lab_backend, "/root/after") == "after\n"
    lab_backend.guest("cmp /tmp/made /root/kept")


def test_an_up_without_repairs_does_not_restart_the_server(served: Lab) -> None:
    before = server(served)
    assert command(*UP).returncode == 0
    assert server(served) == before


def test_a_deleted_disk_is_created_again_and_served(lab_backend: LabBackend) -> None:
    lab_backend.virsh("source", "destroy", GUEST.name)
    (lab_backend.lab.place.images / f"{GUEST.name}.qcow2").unlink()
    assert "qemu-nbd is down" in command(*STATUS).stdout
    assert command(*UP).returncode == 0
    bring_home(lab_backend)
    assert "kept" not in lab_backend.guest("ls /root")


def test_down_ends_the_server(served: Lab) -> None:
    names = {Path(f"/proc/{process.pid}/comm").read_text().strip() for process in processes(served)}
    assert "qemu-nbd" in names
    assert command("down", "--name", NAME).returncode == 0
    assert not processes(served)
    assert not served.place.folder.exists()
