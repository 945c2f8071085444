"""A lab with --nfs: page 2 sets up a real NFS server on storage; a machine that was killed boots again."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tui
from tests.lab.labs import command, processes
from tests.lab.screen import Screen
from tui.lab import nfs
from tui.lab.inventory import GUEST
from tui.lab.lab import Lab
from tui.lab.place import NFS_FOLDER, Place

EXPORT = str(NFS_FOLDER / "images")
READ_S, FIX_S = 300.0, 900.0  # of an emulated machine on a busy computer
APP = ("env", f"PYTHONPATH={Path(tui.__file__).parents[1]}", sys.executable, "-m", "tui")
NO_CLIENT = "this host's kernel has no NFS client"


@pytest.fixture(scope="module")
def shared(lab: Lab) -> Iterator[Lab]:
    """A lab with NFS; `lab` only keeps other runs of these tests away."""
    shared = Lab(Place(f"{lab.place.name}-nfs"), print)
    shared.down()
    try:
        shared.up(with_nfs=True)
        yield shared
    finally:
        shared.down()
    assert not processes(shared)


def on_storage(shared: Lab, *words: str) -> str:
    done = command("exec", "--name", shared.place.name, "storage", "--", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def status(shared: Lab) -> str:
    printed = command("status", "--name", shared.place.name).stdout
    return next(line for line in printed.splitlines() if line.startswith("storage"))


@pytest.fixture
def app(shared: Lab, tmp_path: Path) -> Iterator[Screen]:
    screen = Screen(tmp_path / "tmux", shared.machine("source").argv(APP), 240, 60)
    try:
        yield screen
    finally:
        print(screen.text())
        screen.close()


def read(app: Screen) -> str:
    over = lambda text: not re.search(r"Reading|not read|reading", text) and " ok" in text  # noqa: E731
    return app.wait(over, "the end of the reading", READ_S)


def test_page_2_exports_the_folder_on_a_machine_with_a_kernel_of_its_own(shared: Lab, app: Screen) -> None:
    kernel = on_storage(shared, "uname", "-r")
    assert kernel != shared.machine("source").run(["uname", "-r"])
    app.wait_for("[1 Hosts]", limit_s=READ_S)
    app.press("2")
    app.wait_for("[2 NFS]")
    assert (NO_CLIENT in " ".join(read(app).split())) is not nfs.mountable()
    app.press("a")
    app.wait_for("Enter runs", limit_s=READ_S)
    app.press("Enter")
    runs = re.compile(r"Enter runs|stop after this")
    app.wait(lambda text: "esc back" in text and not runs.search(text), "the end of all fixes", FIX_S)
    exported = on_storage(shared, "exportfs", "-v")
    assert EXPORT in exported
    assert "destination" in exported
    mounted = shared.machine("source").succeeds(["mountpoint", "-q", EXPORT])
    assert mounted is nfs.mountable()


def test_up_boots_a_killed_machine_again_with_its_disk(shared: Lab) -> None:
    assert " up" in status(shared)
    on_storage(shared, "touch", "/etc/kept")
    on_storage(shared, "sync")
    box = shared.machine("storage")
    box.run(["sh", "-c", f"kill -9 $(cat /run/{nfs.DAEMON}.pid)"])
    assert "its machine in QEMU is down" in status(shared)
    repaired = command("up", "--name", shared.place.name)
    assert repaired.returncode == 0, repaired.stderr
    assert " up" in status(shared)
    assert on_storage(shared, "ls", "/etc/kept") == "/etc/kept\n"


def test_guests_have_addresses_and_disks_without_the_machine(shared: Lab) -> None:
    box = shared.machine("storage")
    assert box.daemon_runs("dnsmasq")
    assert not box.unserved()
    assert "<disk type='network'" in shared.machine("source").run(["virsh", "dumpxml", GUEST.name])


def test_a_lab_that_exists_is_not_changed_into_one_with_nfs(lab: Lab) -> None:
    refused = command("up", "--name", lab.place.name, "--nfs")
    assert refused.returncode == 1
    assert "its storage host is no NFS server" in refused.stderr
