"""The lab's guest: address, console, sessions, and what it survives."""

import os
import pty
import re
import select
import signal
import subprocess
import termios
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.lab.lab_backend import LIMIT_S, LabBackend, bring_home
from tests.lab.labs import command, kill_daemon, until
from tui.lab.inventory import GUEST, HOSTS
from tui.lab.lab import Lab
from tui.lab.machine import Machine

LFLAG = 3  # the index of the local modes in termios.tcgetattr


def test_the_guest_keeps_its_address_and_its_sessions_through_both_migrations(lab_backend: LabBackend) -> None:
    argv = lab_backend.lab.machine("source").argv(["ssh", GUEST.name, "cat"])
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as session:
        try:
            for origin, target in (("source", "destination"), ("destination", "source")):
                assert echoed(session, f"before {target}")
                words = ["--live", "--p2p", "--persistent", "--undefinesource", GUEST.name]  # and no --unsafe
                lab_backend.virsh(origin, "migrate", *words, f"qemu+ssh://root@{target}/system")
                assert lab_backend.states() == {target: "running", origin: ""}
                assert echoed(session, f"on {target}")
                for host in HOSTS:
                    assert lab_backend.lab.machine(host.name).run(["ssh", GUEST.name, "hostname"]).strip() == GUEST.name
        finally:
            session.kill()


def echoed(session: "subprocess.Popen[str]", line: str) -> bool:
    assert session.stdin
    assert session.stdout
    session.stdin.write(f"{line}\n")
    session.stdin.flush()
    assert select.select([session.stdout], [], [], LIMIT_S)[0], "the session does not answer"
    return session.stdout.readline() == f"{line}\n"


def test_the_serial_console_of_the_guest_accepts_commands(lab_backend: LabBackend) -> None:
    own, other = pty.openpty()
    argv = lab_backend.lab.machine("source").argv(["virsh", "console", "--force", GUEST.name])
    with subprocess.Popen(argv, stdin=other, stdout=other, stderr=other, start_new_session=True) as console:
        os.close(other)
        try:
            seen_on(own, b"Escape character")
            # virsh discards the input typed before it switches the terminal to raw mode.
            until(lambda: not termios.tcgetattr(own)[LFLAG] & termios.ICANON)
            os.write(own, b"\n")
            seen_on(own, b"# ")
            os.write(own, b"echo on-$(hostname)-$((6 * 7))\n")
            seen_on(own, b"on-guest1-42")
        finally:
            console.kill()
            os.close(own)


def seen_on(terminal: int, wanted: bytes) -> None:
    """Waits until the terminal shows `wanted`."""
    text = b""
    while wanted not in text:
        assert select.select([terminal], [], [], LIMIT_S)[0], text
        text += os.read(terminal, 4096)


def test_the_guest_has_what_the_workloads_need(lab_backend: LabBackend) -> None:
    assert int(lab_backend.guest("nproc")) == GUEST.vcpus
    total_kib = int(re.findall(r"MemTotal: *(\d+) kB", lab_backend.guest("cat /proc/meminfo"))[0])
    assert total_kib > 900 * 1024
    program = '#include <stdio.h>\\nint main(void) { puts("compiled here"); return 0; }\\n'
    assert lab_backend.guest(f"printf '{program}' | cc -x c -o /tmp/a - && /tmp/a") == "compiled here\n"
    assert "/dev/vda" in lab_backend.guest("mount")


def test_a_killed_libvirtd_is_restarted_and_the_guest_keeps_running(lab_backend: LabBackend) -> None:
    born = lab_backend.guest("cat /proc/stat | grep btime")
    kill_daemon(lab_backend.lab, "libvirtd")
    assert command("up", "--name", lab_backend.lab.place.name).returncode == 0
    assert lab_backend.states()["source"] == "running"
    assert lab_backend.guest("cat /proc/stat | grep btime") == born


def test_the_guest_shuts_down_on_request_and_starts_again(lab_backend: LabBackend) -> None:
    lab_backend.virsh("source", "shutdown", GUEST.name)
    until(lambda: lab_backend.states()["source"] == "shut off")
    bring_home(lab_backend)
    assert lab_backend.guest("hostname").strip() == GUEST.name


@pytest.fixture
def slow_migration(lab_backend: LabBackend) -> Iterator[Lab]:
    """A migration that would take minutes; the guest is on the source again at the end."""
    lab = lab_backend.lab
    words = ["migrate", "--live", "--p2p", "--persistent", "--undefinesource", "--bandwidth", "1", GUEST.name]
    argv = lab.machine("source").argv(["virsh", *words, "qemu+ssh://root@destination/system?no_tty=1"])
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as virsh:
        until(lambda: outgoing(lab) or virsh.poll() is not None)
        assert virsh.poll() is None, "the migration ended early"
        yield lab
        assert outgoing(lab), "the migration did not go on"
        lab_backend.virsh("source", "domjobabort", GUEST.name)
        virsh.wait(LIMIT_S)
    assert lab_backend.states() == {"source": "running", "destination": ""}


def outgoing(lab: Lab) -> bool:
    """Whether the guest's memory is being sent."""
    info = lab.machine("source").run(["virsh", "domjobinfo", GUEST.name])
    return "Outgoing migration" in info and "Iteration" in info


def test_up_does_not_touch_a_migrating_guest(slow_migration: Lab) -> None:
    again = command("up", "--name", slow_migration.place.name)
    assert again.returncode == 0, again.stderr
    assert f"{GUEST.name} is migrating: nothing about it is changed" in again.stderr
    status = command("status", "--name", slow_migration.place.name)
    assert status.stdout.count("(migrating)") == 2, "on both hosts"


@contextmanager
def stopped(machine: Machine) -> Iterator[int]:
    """The pid of the host's libvirtd, which does not answer meanwhile."""
    pid = int(machine.run(["cat", "/run/libvirtd.pid"]))
    machine.run(["kill", f"-{signal.SIGSTOP.name}", str(pid)])
    try:
        yield pid
    finally:
        machine.run(["kill", f"-{signal.SIGCONT.name}", str(pid)])


def test_up_does_not_restart_a_libvirtd_whose_guest_is_migrating(slow_migration: Lab) -> None:
    source = slow_migration.machine("source")
    with stopped(source) as pid:
        refused = command("up", "--name", slow_migration.place.name)
    assert refused.returncode == 1
    assert f"that would break the migration of {GUEST.name}" in refused.stderr
    assert int(source.run(["cat", "/run/libvirtd.pid"])) == pid
