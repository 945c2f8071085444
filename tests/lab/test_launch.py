"""The Hosts and Launch rooms on the lab's source host; every command runs in a new process, as in a new app."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tui.core.actions import without_keys
from tui.lab.command import run
from tui.lab.inventory import GUEST
from tui.lab.lab import Lab
from tui.lab.place import SHARED_FOLDER

REPOSITORY = Path(__file__).parents[2]
LIMIT_S = 400


def on_source(lab: Lab, *request: str) -> tuple[int, str]:
    """Exit status and output of tests.lab.on_source."""
    words = ["env", f"PYTHONPATH={REPOSITORY}", sys.executable, "-m", "tests.lab.on_source", *request]
    argv = lab.machine("source").argv(words)
    done = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, stdin=subprocess.DEVNULL, check=False)
    print(done.stderr)
    return done.returncode, done.stdout.strip()


def result_of(lab: Lab, *request: str) -> dict[str, Any]:
    status, output = on_source(lab, *request)
    assert status == 0, output
    found: dict[str, Any] = json.loads(output)
    return found


def refusal(lab: Lab, *request: str) -> str:
    status, output = on_source(lab, *request)
    assert status == 1, output
    return output


def states(lab: Lab) -> dict[str, str]:
    """The guest's state by host, "" if the host does not define it."""

    def state(host: str) -> str:
        machine = lab.machine(host)
        known = GUEST.name in machine.run(["virsh", "list", "--all", "--name"]).split()
        return machine.run(["virsh", "domstate", GUEST.name]).strip() if known else ""

    return {host: state(host) for host in ("source", "destination")}


def migrate(lab: Lab, origin: str, target: str, name: str = GUEST.name) -> None:
    words = ["--live", "--p2p", "--persistent", "--undefinesource", name, f"qemu+ssh://root@{target}/system"]
    lab.machine(origin).run(["virsh", "migrate", *words], limit_s=LIMIT_S)


@pytest.fixture
def shut_off(lab: Lab) -> Lab:
    """Ensures that the guest is on the source and shut off, in any state that an earlier test left."""
    if states(lab)["destination"] == "running":
        migrate(lab, "destination", "source")
    if states(lab)["source"] == "running":
        lab.machine("source").run(["virsh", "destroy", GUEST.name])
    assert states(lab) == {"source": "shut off", "destination": ""}
    return lab


@pytest.fixture
def running(lab: Lab) -> Lab:
    """The guest runs, without a workload."""
    if "running" not in states(lab).values():
        result_of(lab, "boot")
    result_of(lab, "stop")
    return lab


def test_all_three_hosts_are_read(lab: Lab) -> None:
    found = result_of(lab, "hosts")
    assert found == {name: {"state": "ok", "failures": []} for name in ("source", "destination", "storage")}


def test_the_vm_is_booted(shut_off: Lab) -> None:
    assert "can't run a workload: shut off on source" in refusal(shut_off, "start", "cpu", "2")
    assert f"{GUEST.name} is up: its guest replied" in result_of(shut_off, "boot")["sentence"]
    assert states(shut_off)["source"] == "running"
    assert "already running on source" in refusal(shut_off, "boot")


BOTH = pytest.mark.parametrize("reach", ["ssh", "agent"])
OTHER = {"ssh": "agent", "agent": "ssh"}
ODD = "-odd name; 'ü $(x)"
# A workload of the user: it prints live values, and writes its arguments into a file.
CUSTOM = (
    "sh",
    "-c",
    'printf "%s|" "$@" > words; while echo turns=$((n += 1)); do sleep 1; done',
    "sh",
    "-d",
    "a b",
    ODD,
)


@BOTH
@pytest.mark.parametrize(("name", "numbers"), [("cpu", ("1",)), ("memory", ("2", "50", "20"))])
def test_a_workload_is_started_found_again_and_stopped(
    running: Lab, name: str, numbers: tuple[str, ...], reach: str
) -> None:
    """The guest compiles it, over ssh and the agent; each of them finds a workload that the other started."""
    running.machine("source").run(["ssh", GUEST.name, "rm -rf .cache/vmlm"])
    result_of(running, f"{reach}:start", name, *numbers)
    found = result_of(running, f"{OTHER[reach]}:status")
    assert (found["current"], found["running"], found["exit_status"]) == (name, True, None)
    assert found["pid"] > 0
    assert f"The workload {name} is already running" in refusal(running, f"{reach}:start", "cpu", "1")
    ended = result_of(running, f"{reach}:stop")
    assert (ended["exit_status"], ended["error"], ended["values"]["state"]) == (0, "", "done")
    assert result_of(running, f"{reach}:status")["current"] == "idle"


@BOTH
def test_a_workload_of_the_user_is_started_found_again_and_stopped(running: Lab, reach: str) -> None:
    result_of(running, f"{reach}:start_custom", ODD, *CUSTOM)
    found = result_of(running, f"{OTHER[reach]}:status")
    assert (found["current"], found["running"]) == (ODD, True)
    assert int(found["values"]["turns"]) > 0
    assert running.machine("source").run(["ssh", GUEST.name, "cat words"]) == f"-d|a b|{ODD}|"
    ended = result_of(running, f"{reach}:stop")
    assert (ended["exit_status"], ended["error"]) == (143, "")
    words = refusal(running, f"{reach}:start_custom", "x", "no-such")
    assert "no-such" in words
    assert "Install it in the guest" in words


@BOTH
@pytest.mark.parametrize("name", ["memory", "custom"])
def test_a_workload_keeps_running_when_the_vm_migrates_and_returns(running: Lab, reach: str, name: str) -> None:
    origin = next(host for host, state in states(running).items() if state == "running")
    target = "destination" if origin == "source" else "source"
    request = ("start_custom", name, *CUSTOM) if name == "custom" else ("start", name, "2", "50", "20")
    result_of(running, f"{reach}:{request[0]}", *request[1:])
    before = result_of(running, f"{reach}:status")
    migrate(running, origin, target)
    assert result_of(running, "where")["sentence"] == f"running on {target}"
    moved = result_of(running, f"{reach}:status")
    assert (moved["current"], moved["running"], moved["pid"]) == (name, True, before["pid"])
    migrate(running, target, origin)
    ended = result_of(running, f"{reach}:stop")
    assert (ended["pid"], ended["error"]) == (0, "")
    if name == "memory":
        assert (ended["exit_status"], ended["values"]["wrong_pages"]) == (0, "0")
        assert float(ended["values"]["dirtied_mib"]) > float(before["values"]["dirtied_mib"])
    else:
        assert int(ended["values"]["turns"]) > int(before["values"]["turns"])


def test_a_workload_that_does_not_fit_shows_the_guests_error(running: Lab) -> None:
    words = refusal(running, "start", "memory", "2", "500", "0")
    assert "of memory are available" in words
    assert "try fewer --threads or a smaller --size" in words


@BOTH
def test_a_guest_without_a_compiler_runs_a_program_built_on_the_host(running: Lab, reach: str) -> None:
    """The lab's guest has gcc: the test renames it and removes compiled programs."""
    source = running.machine("source")
    source.run(["ssh", GUEST.name, "rm -rf .cache/vmlm; mv /usr/bin/gcc /usr/bin/gcc-put-away"])
    try:
        result_of(running, f"{reach}:start", "memory", "1", "20", "20")
        assert result_of(running, f"{reach}:stop")["exit_status"] == 0
    finally:
        source.run(["ssh", GUEST.name, "mv /usr/bin/gcc-put-away /usr/bin/gcc"])


def test_a_workload_compiled_just_before_a_power_cut_starts_after_it(running: Lab) -> None:
    running.machine("source").run(["ssh", GUEST.name, "rm -rf .cache/vmlm"])
    result_of(running, "start", "cpu", "1")
    assert "shut off on" in result_of(running, "force_off")["sentence"]
    result_of(running, "boot")
    assert result_of(running, "status")["current"] == "idle"
    result_of(running, "start", "cpu", "1")
    assert result_of(running, "stop")["exit_status"] == 0


def test_a_full_disk_in_the_guest_is_reported_with_a_sentence(running: Lab) -> None:
    source = running.machine("source")
    source.run(["ssh", GUEST.name, "rm -rf .cache/vmlm; dd if=/dev/zero of=fill bs=1M 2> /dev/null; true"])
    try:
        for reach in ("ssh", "agent"):
            assert "No space left on device" in refusal(running, f"{reach}:start", "memory", "1", "20", "20")
    finally:
        source.run(["ssh", GUEST.name, "rm -f fill"])


def test_a_missing_guest_agent_is_reported_with_a_sentence_and_ssh_still_works(running: Lab) -> None:
    source = running.machine("source")
    source.run(["ssh", GUEST.name, "mv /usr/sbin/qemu-ga /usr/sbin/put-away; killall qemu-ga"])
    try:
        assert "no guest agent is connected to its channel" in refusal(running, "agent:status")
        assert result_of(running, "ssh:status")["current"] == "idle"
    finally:
        source.run(["ssh", GUEST.name, "mv /usr/sbin/put-away /usr/sbin/qemu-ga"])
    wait_for_success(running, "agent:status")


def test_an_agent_that_may_not_run_commands_is_reported_with_a_sentence(running: Lab) -> None:
    source = running.machine("source")
    forbid = "mkdir -p /etc/qemu; printf '[general]\\nblock-rpcs=guest-exec\\n' > /etc/qemu/qemu-ga.conf"
    source.run(["ssh", GUEST.name, f"{forbid}; killall qemu-ga"])
    try:
        words = ""
        until = time.monotonic() + LIMIT_S
        while "may not run commands" not in words and time.monotonic() < until:
            words = refusal(running, "agent:status")  # until it is back, the refusal has another reason
        assert "Allow guest-exec, guest-exec-status" in words
    finally:
        source.run(["ssh", GUEST.name, "rm -f /etc/qemu/qemu-ga.conf; killall qemu-ga"])
    wait_for_success(running, "agent:status")


def wait_for_success(lab: Lab, request: str) -> None:
    """Waits until a command succeeds, because init restarts the agent with a delay."""
    until = time.monotonic() + LIMIT_S
    while (found := on_source(lab, request))[0]:
        assert time.monotonic() < until, found


def test_the_vm_is_shut_down(running: Lab) -> None:
    host = next(host for host, state in states(running).items() if state == "running")
    assert result_of(running, "shut_down")["sentence"] == f"shut off on {host}"
    assert states(running)[host] == "shut off"


# -- other VMs than the configured one --

TWO, ADDRESS = "two", "10.77.0.20"


def trust(lab: Lab, address: str) -> None:
    """Adds the guest's host key for this address, because a copy of the guest has the same key."""
    known = lab.machine("source").home / ".ssh/known_hosts"
    line = next(line for line in known.read_text().splitlines() if line.startswith(f"{GUEST.name},"))
    known.write_text(f"{known.read_text()}{address} {line.partition(' ')[2]}\n")


def test_a_vm_like_the_guest_is_created_booted_migrated_both_ways_and_deleted_with_its_disk(shut_off: Lab) -> None:
    trust(shut_off, ADDRESS)
    created = result_of(shut_off, "make_like", TWO, GUEST.name, f"{GUEST.address}/", f"{ADDRESS}/")
    assert without_keys(created["sentence"]) == "two was created on source; the Launch page starts it."
    assert "taken: source has a VM of that name" in refusal(shut_off, "make_like", TWO, GUEST.name, "", "")
    assert "two is up: its guest replied" in result_of(shut_off, "boot", TWO, f"root@{ADDRESS}")["sentence"]
    assert result_of(shut_off, "vms")[TWO] == {"where": "running on source", "blockers": []}
    migrate(shut_off, "source", "destination", TWO)
    assert result_of(shut_off, "vms")[TWO] == {"where": "running on destination", "blockers": []}
    assert shut_off.machine("source").run(["ssh", f"root@{ADDRESS}", "hostname"]).strip() == TWO
    migrate(shut_off, "destination", "source", TWO)
    assert "it is running on source" in refusal(shut_off, "delete", TWO, "disks")
    result_of(shut_off, "force_off", TWO, f"root@{ADDRESS}")
    folder = shut_off.place.images
    deleted = result_of(shut_off, "delete", TWO, "disks")
    assert (deleted["disks"], deleted["kept"]) == ([f"{SHARED_FOLDER}/two.qcow2"], [])
    assert not (folder / "two.qcow2").exists()
    assert (folder / f"{GUEST.name}.qcow2").exists()
    assert list(result_of(shut_off, "vms")) == [GUEST.name]


def test_a_vm_of_an_image_is_accepted_by_libvirt_and_errors_in_its_definition_have_line_numbers(shut_off: Lab) -> None:
    name = "-odd name; 'ü $(x)"
    image = shut_off.place.images / f"{name}.qcow2"
    run(["qemu-img", "create", "-q", "-f", "qcow2", str(image), "16M"])
    path = f"{SHARED_FOLDER}/{image.name}"
    wrong = refusal(shut_off, "make_of_image", name, path, "<vcpu>2<", "<vcpu>many<")
    assert "libvirt rejected the definition: line 4: <vcpu> or an element in it" in wrong
    wrong = refusal(shut_off, "make_of_image", name, path, 'machine="pc-q35-', 'machine="pc-q35-9')
    assert "does not support machine type" in wrong
    assert "is in use: it is a disk of" in refusal(
        shut_off, "make_of_image", name, f"{SHARED_FOLDER}/{GUEST.name}.qcow2", "", ""
    )
    assert "was created on source" in result_of(shut_off, "make_of_image", name, path, "", "")["sentence"]
    assert result_of(shut_off, "vms")[name] == {"where": "shut off on source", "blockers": []}
    assert result_of(shut_off, "delete", name, "")["sentence"] == f"{name} was deleted; its disks were kept."
    assert image.exists()
    image.unlink()
