"""The lab's guest: address, console, sessions, and what it survives."""

import os
import pty
import re
import select
import subprocess
import termios

from tests.lab.lab_backend import LIMIT_S, LabBackend, bring_home
from tests.lab.labs import command, kill_daemon, until
from tui.lab.inventory import GUEST, HOSTS

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
