"""A process identified by pid and start time: another process with its pid is not mistaken for it."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui.lab.process import Process, end_all, processes_with, start_time


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(["sleep", "600"], env={**os.environ, "VMLM_TEST": f"sleeper {os.getpid()}"}) as child:
        yield child
        child.kill()


def of(child: "subprocess.Popen[bytes]") -> Process:
    return Process(child.pid, start_time(Path(f"/proc/{child.pid}/stat").read_text()))


def test_the_start_time_is_found_after_any_name() -> None:
    fields = " ".join(str(number) for number in range(4, 53))
    assert start_time(f"7 (a) b (c) S {fields}") == 22
    assert start_time(f"7 () Z 1 () S {fields}") == 22


def test_a_killed_process_is_not_alive(sleeper: "subprocess.Popen[bytes]") -> None:
    process = of(sleeper)
    assert process.alive()
    process.kill()
    assert sleeper.wait(60) == -9
    assert not process.alive()
    process.kill()  # killing an ended process does nothing


def test_a_zombie_is_not_alive(sleeper: "subprocess.Popen[bytes]") -> None:
    process = of(sleeper)
    process.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert Path(f"/proc/{sleeper.pid}").exists()
    assert not process.alive()


def test_another_process_with_the_same_pid_is_not_killed(sleeper: "subprocess.Popen[bytes]") -> None:
    earlier = Process(sleeper.pid, of(sleeper).started - 1)
    assert not earlier.alive()
    earlier.kill()
    assert sleeper.poll() is None
    assert of(sleeper).alive()


def test_a_record_is_read_back_and_an_incomplete_one_is_none(tmp_path: Path) -> None:
    file = tmp_path / "init.pid"
    assert Process.recorded(file) is None
    for half in ("", "12", "12 ", "x 5", "1 2 3"):
        file.write_text(half)
        assert Process.recorded(file) is None, half
    file.write_text("12 345\n")
    assert Process.recorded(file) == Process(12, 345)


def test_processes_are_found_by_the_exact_variable_in_their_environment(
    sleeper: "subprocess.Popen[bytes]",
) -> None:
    value = f"sleeper {os.getpid()}"
    assert processes_with("VMLM_TEST", value) == [of(sleeper)]
    assert processes_with("VMLM_TEST", value[:-1]) == []
    assert processes_with("TEST", value) == []


def test_processes_are_killed_until_none_is_found(sleeper: "subprocess.Popen[bytes]") -> None:
    with subprocess.Popen(["sleep", "600"]) as late:
        found = iter([[of(sleeper)], [of(sleeper), of(late)]])  # the first has started the second
        end_all(lambda: next(found, []), "the test")
        assert (sleeper.wait(60), late.wait(60)) == (-9, -9)
