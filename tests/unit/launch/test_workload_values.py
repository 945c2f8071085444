"""Workloads: their validation, live line and values."""

import pytest

from tests.unit.launch.launch_world import DONE, GONE, ODD, REFUSED, RUNNING
from tui.core.settings import IDLE
from tui.guest.model.workload import (
    CPU,
    MEMORY,
    VmCapacity,
    WorkloadSpec,
    live_line,
    overcommit_warning,
    parse_status,
    scale_down,
    validate_spec,
    working_set_text,
)

GIB = 1 << 30


WRONG = """name memory
options memory_intensive --threads 2 --size 150 --rate 0
ended 1
line error=wrong_page thread=0 page=17 word=0 wrong_words=512 pass=12 expected=0x01 found=0x00 looks_like=zeros
line seconds=13.501 state=failed threads=2 working_set_mib=300 \
mib_per_s=0.0 dirtied_mib=14035.0 passes=46.78 checked_pages=3516160 wrong_pages=1
"""


STARTING = "name cpu\noptions cpu_util --threads 2\nstarting\n"


def test_a_workload_is_started_with_its_parameters() -> None:
    assert WorkloadSpec(CPU, 16).options == ("--threads", "16")
    assert WorkloadSpec(MEMORY, 14, 512, 100).options == ("--threads", "14", "--size", "512", "--rate", "100")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (WorkloadSpec("disk", 1), "no workload 'disk'"),
        (WorkloadSpec(CPU, 0), "0 threads"),
        (WorkloadSpec(CPU, 5000), "5000 threads"),
        (WorkloadSpec(MEMORY, 2, 0), "at least 1 MiB"),
        (WorkloadSpec(MEMORY, 14, 512), "7.0 GiB, and the VM has 1.0 GiB"),
    ],
)
def test_a_workload_that_cannot_run_is_reported(spec: WorkloadSpec, words: str) -> None:
    failure = validate_spec(spec, GIB)
    assert failure
    assert words in str(failure)


def test_a_workload_that_fits_is_valid() -> None:
    assert validate_spec(WorkloadSpec(MEMORY, 2, 150), GIB) is None
    assert validate_spec(WorkloadSpec(MEMORY, 14, 512), 0) is None  # the VM's memory is unknown


def test_the_live_line_of_a_running_workload() -> None:
    status = parse_status(RUNNING)
    assert (status.current, status.running, status.pid, status.error) == (MEMORY, True, 231, "")
    assert live_line(status) == ("dirtying for 00:12, 2296 MiB/s of 300 MiB; 3.5 million pages checked, none wrong")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (WRONG, "Memory was corrupted: 1 page did not contain what the workload had written"),
        (REFUSED, "exited with status 2: memory_intensive: 2 threads x 900 MiB is 1800 MiB"),
        (GONE, "ended without an exit status"),
        (RUNNING.replace("wrong_pages=0", "wrong_pages=3"), "Memory was corrupted: 3 pages"),
    ],
)
def test_the_error_of_a_workload_is_a_sentence(text: str, words: str) -> None:
    assert words in parse_status(text).error


@pytest.mark.parametrize(
    ("text", "name"), [("", IDLE), (DONE, IDLE), (WRONG, IDLE), (RUNNING, MEMORY), (STARTING, CPU)]
)
def test_the_current_workload_is_idle_while_nothing_runs(text: str, name: str) -> None:
    assert parse_status(text).current == name


def test_a_workload_is_starting_until_its_process_and_first_line_are_known() -> None:
    assert parse_status(STARTING).starting
    assert parse_status(RUNNING.replace("running 231", "starting")).starting
    assert parse_status("\n".join(RUNNING.splitlines()[:3])).starting
    assert not parse_status(RUNNING).starting
    assert not parse_status(DONE).starting


def test_an_ended_workload_is_no_error() -> None:
    status = parse_status(DONE)
    assert (status.name, status.exit_status, status.error) == (CPU, 0, "")


def test_a_workload_ended_by_the_shutdown_of_its_guest_is_no_error() -> None:
    status = parse_status(DONE.replace("ended 0", "gone"))
    assert (status.vanished, status.exit_status, status.error) == (True, None, "")


@pytest.mark.parametrize("text", ["garbage", "name \nrunning 1\n", "name cpu\nrunning x\nline \nline =\n", "\x00"])
def test_invalid_output_of_the_guest_is_harmless(text: str) -> None:
    status = parse_status(text)
    assert status.pid == 0
    assert live_line(status)


SMALL, ORIGINAL = VmCapacity(2, GIB), VmCapacity(16, 8 * GIB)


@pytest.mark.parametrize(
    ("spec", "capacity", "small", "note"),
    [
        (WorkloadSpec(CPU, 16), ORIGINAL, WorkloadSpec(CPU, 16), ""),
        (WorkloadSpec(MEMORY, 14, 512), ORIGINAL, WorkloadSpec(MEMORY, 14, 512), ""),
        (WorkloadSpec(CPU, 16), SMALL, WorkloadSpec(CPU, 2), "Scaled down from 16 threads: the VM has 2 vCPUs."),
        (WorkloadSpec(MEMORY, 14, 512, 100), SMALL, WorkloadSpec(MEMORY, 2, 384, 100),
         "Scaled down from 14 x 512 MiB: the VM has 2 vCPUs and 1.0 GiB."),
        (WorkloadSpec(MEMORY, 2, 150), SMALL, WorkloadSpec(MEMORY, 2, 150), ""),
        (WorkloadSpec(MEMORY, 14, 512), VmCapacity(), WorkloadSpec(MEMORY, 14, 512), ""),
        (WorkloadSpec(MEMORY, 2, 99), VmCapacity(1, 2 << 20), WorkloadSpec(MEMORY, 1, 1),
         "Scaled down from 2 x 99 MiB: the VM has 1 vCPU and 2.0 MiB."),
        (WorkloadSpec("own", command=("a",)), SMALL, WorkloadSpec("own", command=("a",)), ""),
    ],
)  # fmt: skip
def test_a_workload_is_scaled_down_to_the_vm_with_a_note(
    spec: WorkloadSpec, capacity: VmCapacity, small: WorkloadSpec, note: str
) -> None:
    assert scale_down(spec, capacity) == (small, note)
    assert validate_spec(small, capacity.memory_bytes) is None


def test_more_threads_than_vcpus_give_a_warning() -> None:
    assert overcommit_warning(WorkloadSpec(CPU, 3), SMALL) == "3 threads share the VM's 2 vCPUs."
    assert (
        overcommit_warning(WorkloadSpec(CPU, 2), SMALL) == overcommit_warning(WorkloadSpec(CPU, 3), VmCapacity()) == ""
    )


def test_the_text_of_working_set_and_rate() -> None:
    assert working_set_text(WorkloadSpec(MEMORY, 2, 150, 100)) == "300 MiB, dirtied at 100 MiB/s: each page every 3.0 s"
    assert working_set_text(WorkloadSpec(MEMORY, 2, 150)) == "300 MiB, dirtied as fast as it can"


CUSTOM = f"name {ODD}\noptions sh -c 'x y'\nrunning 7\nline begun\nline ops=12 rate=2.5\nline still running\n"


def test_the_live_line_of_a_custom_workload_has_its_last_values() -> None:
    status = parse_status(CUSTOM)
    assert (status.current, status.is_custom, status.starting) == (ODD, True, False)
    assert live_line(status) == "running: ops=12 rate=2.5"
    assert status.parameters == {"command": "sh -c 'x y'"}


def test_a_custom_workload_without_output_is_running() -> None:
    status = parse_status("name x\noptions sleep 9\nrunning 7\n")
    assert (status.starting, live_line(status)) == (False, "running")
    assert parse_status("name x\noptions sleep 9\nstarting\n").starting


def test_control_characters_of_a_guest_are_removed() -> None:
    status = parse_status("name x\x1b[31m\noptions \x9b\nrunning 7\nline a\x1b]0;t\x07b\n")
    assert all(text.isprintable() for text in (status.name, status.options, *status.output))


def test_the_parameters_of_a_workload_are_read_from_the_guest() -> None:
    assert parse_status(RUNNING).parameters == {
        "command": "memory_intensive --threads 2 --size 150 --rate 0",
        "threads": 2,
        "size_mib": 150,
        "rate_mib_s": 0,
        "working_set_mib": 300,
    }
    assert parse_status(DONE).parameters == {}  # it has ended
