"""The lab itself: it starts, is repaired, runs a guest that migrates, and is removed without a trace."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.lab.lab_backend import LIMIT_S, LabBackend, bring_home
from tui.lab.inventory import GUEST, HOSTS
from tui.lab.lab import OLD_DISK, Lab
from tui.lab.machine import Machine
from tui.lab.namespaces import MARK
from tui.lab.place import STATE, Place
from tui.lab.process import Process, processes_with, start_time

LFLAG = 3  # the index of the local modes in termios.tcgetattr
NAMESPACES = ("mnt", "net", "pid", "uts")


def command(*words: str, before: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
    """Runs `vmlm-tui lab` in its own process."""
    argv = [*before, sys.executable, "-m", "tui.lab", *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, check=False)


def printed(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, check=True).stdout


@pytest.fixture(scope="module")
def second_place() -> Iterator[Place]:
    place = Place("test-second")
    Lab(place, print).down()
    yield place
    Lab(place, print).down()


@pytest.fixture
def second(second_place: Place, lab: Lab) -> Lab:
    """A second, complete lab that the tests may break."""
    second = Lab(second_place, print)
    second.up()
    return second


@pytest.fixture
def lab_backend(lab: Lab, tmp_path: Path) -> LabBackend:
    """The guest runs on the source and accepts ssh."""
    lab_backend = LabBackend(lab, tmp_path)
    bring_home(lab_backend)
    return lab_backend


def whole(lab: Lab) -> bool:
    """Whether every host reaches the next by name, libvirt included, and the source has the guest."""
    for machine, other in zip(lab.machines, [*lab.machines[1:], lab.machines[0]], strict=True):
        machine.run(["ssh", other.host.name, "true"])
    assert lab.machine("storage").dhcp_runs()
    source = lab.machine("source")
    assert source.run(["virsh", "-c", "qemu+ssh://root@destination/system", "uri"]).strip()
    return source.run(["virsh", "domstate", GUEST.name]).strip() != ""


def processes(lab: Lab) -> set[Process]:
    """All processes of the lab, also by namespace, because sshd and QEMU do not keep their environment."""
    marked = processes_with(MARK, str(lab.place.folder))
    own = namespaces({process.pid for process in marked}, "net") - namespaces({os.getpid()}, "net")
    return {*marked, *(process for process, used in namespaces_in_use("net").items() if used & own)}


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


# -- up --


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


def kill_daemon(lab: Lab, name: str, host: str = "source") -> None:
    lab.machine(host).run(["sh", "-c", f'kill -9 "$(cat /run/{name}.pid)"'])


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
    assert "`vmlm-tui lab up` repairs it" in broken.stdout


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


# -- two labs, and down --


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


def namespaces(pids: set[int], *kinds: str) -> set[Path]:
    """The namespaces of those processes that still run."""
    found = set()
    for pid in pids:
        with suppress(OSError):
            found |= {Path(f"/proc/{pid}/ns/{kind}").readlink() for kind in kinds}
    return found


def namespaces_in_use(*kinds: str) -> dict[Process, set[Path]]:
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            process = Process(int(folder.name), start_time((folder / "stat").read_text()))
            found[process] = namespaces({process.pid}, *kinds)
    return found


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


def test_two_labs_share_no_identity(lab: Lab, second: Lab) -> None:
    def identity(lab: Lab) -> set[str]:
        source = lab.machine("source")
        uuid = re.findall(r"<uuid>(.*)</uuid>", source.run(["virsh", "capabilities"]))[0]
        return {uuid, source.run(["cat", "/etc/machine-id"]), *source.run(["cat", ".ssh/known_hosts"]).splitlines()}

    assert len(identity(second)) == 6 <= len(identity(lab))  # a test may have added a VM to its known_hosts
    assert not identity(lab) & identity(second)


# -- the link --


def queue(machine: Machine) -> str:
    return machine.run(["tc", "qdisc", "show", "dev", "eth0"])


def test_the_link_keeps_the_last_requested_rate(second: Lab) -> None:
    name = second.place.name
    assert command("up", "--name", name, "--link", "100mbit").returncode == 0
    assert all("rate 100Mbit" in queue(machine) for machine in second.hypervisors)
    assert command("up", "--name", name).returncode == 0
    assert all("rate 100Mbit" in queue(machine) for machine in second.hypervisors)
    assert "100mbit" in command("status", "--name", name).stdout
    assert command("up", "--name", name, "--link", "none").returncode == 0
    assert not any("tbf" in queue(machine) for machine in second.hypervisors)
    assert command("up", "--name", name, "--link", "1gbit").returncode == 0
    assert all("rate 1Gbit" in queue(machine) for machine in second.hypervisors)


# -- what is refused --

UNPRIVILEGED = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
MAY_READ = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")  # Python may be in root's home
REFUSED = {
    "an invalid rate": (("up", "--name", "test-no", "--link", "fast"), "'fast' is not a link rate"),
    "an invalid name": (("up", "--name", "../x"), "'../x' cannot be a lab's name"),
    "an unknown host": (("exec", "--name", "test", "nowhere", "--", "true"), "the lab has no host 'nowhere'"),
    "a lab that is down": (("exec", "--name", "test-no", "source", "--", "true"), "the lab's host source is not up"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_an_error_is_one_sentence(lab: Lab, what: str) -> None:
    words, sentence = REFUSED[what]
    refused = command(*words)
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.startswith(f"vmlm-tui lab: {sentence}")
    assert refused.stderr.count("\n") == 1
    assert not (STATE / "test-no").exists()


@pytest.mark.parametrize("word", ["up", "down", "status"])
def test_without_root_the_error_is_one_sentence(word: str) -> None:
    refused = command(word, before=(*UNPRIVILEGED, *MAY_READ))
    assert refused.returncode == 1
    assert refused.stderr == "vmlm-tui lab: the lab needs root to create namespaces. Run it through sudo.\n"


# -- the hosts --


@pytest.mark.parametrize("host", [host.name for host in HOSTS])
def test_no_name_of_a_host_is_a_loopback_address(lab: Lab, host: str) -> None:
    machine = lab.machine(host)
    for name in [*(host.name for host in HOSTS), GUEST.name]:
        addresses = {line.split()[0] for line in machine.run(["getent", "ahosts", name]).splitlines()}
        assert addresses
        assert all(address.startswith("10.77.0.") for address in addresses)
    assert machine.run(["hostname"]).strip() == host


def test_plain_vmlm_tui_finds_the_labs_configuration_in_exec_and_in_an_ssh_session(lab: Lab) -> None:
    script = 'printf "%s\\n" "$VMLM_CONFIG"; vmlm-tui --version'
    executed = command("exec", "--name", lab.place.name, "source", "--", "sh", "-c", script).stdout
    by_ssh = lab.machine("destination").run(["ssh", "source", script])
    at_login = lab.machine("destination").run(["ssh", "source", "bash", "-lc", f"'{script}'"])
    assert executed == by_ssh == at_login
    assert executed.splitlines()[0] == str(lab.place.config)
    assert re.fullmatch(r"vmlm-tui \d+\.\d+\.\d+", executed.splitlines()[1])


def test_exec_passes_on_the_output_and_the_exit_status(lab: Lab) -> None:
    done = command("exec", "storage", "--name", lab.place.name, "--", "sh", "-c", "hostname; echo no >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, "storage\n", "no\n")


# -- the guest --


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


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT_S
    while not true():
        assert time.monotonic() < end, "the condition did not become true"
