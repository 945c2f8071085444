"""The lab itself: it comes up, is repaired, holds a guest that migrates, and vanishes without a trace."""

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

LFLAG = 3  # where termios.tcgetattr has the local modes
NAMESPACES = ("mnt", "net", "pid", "uts")


def command(*words: str, before: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
    """`vmlm-tui lab`, as a program of its own."""
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
    """A lab to break, up and whole, beside the one of all other tests."""
    second = Lab(second_place, print)
    second.up()
    return second


@pytest.fixture
def lab_backend(lab: Lab, tmp_path: Path) -> LabBackend:
    """The guest runs on the source and answers."""
    lab_backend = LabBackend(lab, tmp_path)
    bring_home(lab_backend)
    return lab_backend


def whole(lab: Lab) -> bool:
    """Whether every host reaches its neighbour by name, libvirt included, and the source has the guest."""
    for machine, other in zip(lab.machines, [*lab.machines[1:], lab.machines[0]], strict=True):
        machine.run(["ssh", other.host.name, "true"])
    assert lab.machine("storage").dhcp_runs()
    source = lab.machine("source")
    assert source.run(["virsh", "-c", "qemu+ssh://root@destination/system", "uri"]).strip()
    return source.run(["virsh", "domstate", GUEST.name]).strip() != ""


def processes(lab: Lab) -> set[Process]:
    """Everything that runs in the lab: sshd and QEMU don't keep the environment they were started with."""
    marked = processes_with(MARK, str(lab.place.folder))
    own = namespaces({process.pid for process in marked}, "net") - namespaces({os.getpid()}, "net")
    return {*marked, *(process for process, used in namespaces_in_use("net").items() if used & own)}


def lasting(lab: Lab) -> set[Process]:
    """The lab's processes but for those that come and go: what waits in a host's first process."""
    names = {process: Path(f"/proc/{process.pid}/comm").read_text().strip() for process in processes(lab)}
    return {process for process, name in names.items() if name != "sleep"}


def files(lab: Lab) -> dict[str, tuple[int, int]]:
    """What `up` writes, and when; logs and what libvirt keeps are none of it."""
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


def test_up_gives_an_older_lab_the_guest_agent_and_keeps_its_disk(second: Lab) -> None:
    source, images = second.machine("source"), second.place.images
    xml = source.run(["virsh", "dumpxml", "--inactive", GUEST.name])
    old = re.sub(r"<channel.*?</channel>", "", xml, flags=re.DOTALL)
    source.run(["sh", "-c", "cat > old.xml; virsh define old.xml"], stdin=old)
    second.place.recipe.unlink()
    disk = (images / f"{GUEST.name}.qcow2").stat().st_ino
    again = command("up", "--name", second.place.name)
    assert again.returncode == 0, again.stderr
    assert "is made anew" in again.stderr
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


def spoil_login(lab: Lab) -> None:
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
    "keys that were taken away": spoil_login,
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_up_repairs(second: Lab, breakage: str) -> None:
    BREAKAGES[breakage](second)
    mended = command("up", "--name", second.place.name)
    assert mended.returncode == 0, mended.stderr
    assert whole(second)
    assert (second.place.images / f"{GUEST.name}.qcow2").exists()


def test_status_says_what_is_broken_and_what_mends_it(second: Lab) -> None:
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


# When `up` is killed: as soon as this path exists. Then what is tried.
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
def test_an_up_that_was_killed_half_way_is_cleaned_up_by_the_next_command(lab: Lab, moment: str, then: str) -> None:
    half = Lab(Place("test-half"), print)
    half.down()
    try:
        argv = [sys.executable, "-m", "tui.lab", "up", "--name", half.place.name]
        with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as up:
            until(lambda: (half.place.folder / moment).exists() or up.poll() is not None)
            assert up.poll() is None, "it was never half-way"
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


def test_two_of_a_name_wait_for_each_other_instead_of_building_twice(second: Lab) -> None:
    second.down()
    argv = [sys.executable, "-m", "tui.lab", "up", "--name", second.place.name]
    both = [subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [each.communicate(timeout=LIMIT_S)[1] for each in both]
    assert [each.returncode for each in both] == [0, 0], said
    assert sum("source: starting" in text for text in said) == 1
    assert whole(second)


# -- side by side, and down --


def machine_itself() -> dict[str, object]:
    """What the machine shows of its own: links, addresses, mounts, and where its own libvirt would keep things."""
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
    """The namespaces of these processes, as far as they still run."""
    found = set()
    for pid in pids:
        with suppress(OSError):
            found |= {Path(f"/proc/{pid}/ns/{kind}").readlink() for kind in kinds}
    return found


def namespaces_in_use(*kinds: str) -> dict[Process, set[Path]]:
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            process = Process(int(folder.name), start_time((folder / "stat").read_text()))
            found[process] = namespaces({process.pid}, *kinds)
    return found


def test_down_leaves_nothing_and_the_lab_beside_it_alone(lab_backend: LabBackend, second: Lab) -> None:
    second.down()
    alone = lasting(lab_backend.lab)
    before = machine_itself()
    second.up()
    second.machine("source").run(["virsh", "start", GUEST.name])
    assert machine_itself() == before, "the lab can be seen from the machine"
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


def test_two_labs_are_two_of_everything(lab: Lab, second: Lab) -> None:
    def identity(lab: Lab) -> set[str]:
        source = lab.machine("source")
        uuid = re.findall(r"<uuid>(.*)</uuid>", source.run(["virsh", "capabilities"]))[0]
        return {uuid, source.run(["cat", "/etc/machine-id"]), *source.run(["cat", ".ssh/known_hosts"]).splitlines()}

    assert len(identity(second)) == 6 <= len(identity(lab))  # to which a test's VM may have become known
    assert not identity(lab) & identity(second)


# -- the link --


def queue(machine: Machine) -> str:
    return machine.run(["tc", "qdisc", "show", "dev", "eth0"])


def test_the_link_is_as_fast_as_was_last_asked_for(second: Lab) -> None:
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

ANYBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
MAY_READ = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")  # python may be in root's own home
REFUSED = {
    "a rate that is none": (("up", "--name", "test-no", "--link", "fast"), "'fast' is no link rate"),
    "a name that is none": (("up", "--name", "../x"), "'../x' can't be a lab's name"),
    "a host there is not": (("exec", "--name", "test", "nowhere", "--", "true"), "the lab has no host 'nowhere'"),
    "a lab that is not up": (("exec", "--name", "test-no", "source", "--", "true"), "the lab's host source is not up"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_one_sentence_refuses(lab: Lab, what: str) -> None:
    words, sentence = REFUSED[what]
    refused = command(*words)
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.startswith(f"vmlm-tui lab: {sentence}")
    assert refused.stderr.count("\n") == 1
    assert not (STATE / "test-no").exists()


@pytest.mark.parametrize("word", ["up", "down", "status"])
def test_without_root_one_sentence_says_so(word: str) -> None:
    refused = command(word, before=(*ANYBODY, *MAY_READ))
    assert refused.returncode == 1
    assert refused.stderr == "vmlm-tui lab: the lab needs root, for its namespaces. Run it through sudo.\n"


# -- the hosts --


@pytest.mark.parametrize("host", [host.name for host in HOSTS])
def test_no_hosts_name_means_the_local_host(lab: Lab, host: str) -> None:
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


def test_exec_passes_on_what_the_program_says_and_how_it_ends(lab: Lab) -> None:
    done = command("exec", "storage", "--name", lab.place.name, "--", "sh", "-c", "hostname; echo no >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, "storage\n", "no\n")


# -- the guest --


def test_the_guest_keeps_its_address_and_its_sessions_there_and_back(lab_backend: LabBackend) -> None:
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


def test_the_serial_console_of_the_guest_takes_commands(lab_backend: LabBackend) -> None:
    own, other = pty.openpty()
    argv = lab_backend.lab.machine("source").argv(["virsh", "console", "--force", GUEST.name])
    with subprocess.Popen(argv, stdin=other, stdout=other, stderr=other, start_new_session=True) as console:
        os.close(other)
        try:
            seen_on(own, b"Escape character")
            # Only now virsh makes the terminal raw, and throws away what was typed before that.
            until(lambda: not termios.tcgetattr(own)[LFLAG] & termios.ICANON)
            os.write(own, b"\n")
            seen_on(own, b"# ")
            os.write(own, b"echo on-$(hostname)-$((6 * 7))\n")
            seen_on(own, b"on-guest1-42")
        finally:
            console.kill()
            os.close(own)


def seen_on(terminal: int, wanted: bytes) -> None:
    """Returns when the terminal shows it."""
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


def test_a_libvirtd_that_is_killed_comes_back_without_the_guest_noticing(lab_backend: LabBackend) -> None:
    born = lab_backend.guest("cat /proc/stat | grep btime")
    kill_daemon(lab_backend.lab, "libvirtd")
    assert command("up", "--name", lab_backend.lab.place.name).returncode == 0
    assert lab_backend.states()["source"] == "running"
    assert lab_backend.guest("cat /proc/stat | grep btime") == born


def test_the_guest_shuts_down_when_it_is_asked_to_and_starts_again(lab_backend: LabBackend) -> None:
    lab_backend.virsh("source", "shutdown", GUEST.name)
    until(lambda: lab_backend.states()["source"] == "shut off")
    bring_home(lab_backend)
    assert lab_backend.guest("hostname").strip() == GUEST.name


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT_S
    while not true():
        assert time.monotonic() < end, "it did not come to that"
