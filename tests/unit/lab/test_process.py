"""A process remembered by pid and start time: never taken for another one that got its pid."""

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


def test_the_start_time_is_found_behind_any_name() -> None:
    fields = " ".join(str(number) for number in range(4, 53))
    assert start_time(f"7 (a) b (c) S {fields}") == 22
    assert start_time(f"7 () Z 1 () S {fields}") == 22


def test_a_process_is_killed_and_is_then_not_alive(sleeper: "subprocess.Popen[bytes]") -> None:
    process = of(sleeper)
    assert process.alive()
    process.kill()
    assert sleeper.wait(60) == -9
    assert not process.alive()
    process.kill()  # and once more, of one that is gone, is nothing


def test_a_process_that_only_waits_to_be_reaped_is_not_alive(sleeper: "subprocess.Popen[bytes]") -> None:
    process = of(sleeper)
    process.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert Path(f"/proc/{sleeper.pid}").exists()
    assert not process.alive()


def test_a_pid_that_was_given_to_somebody_else_is_never_killed(sleeper: "subprocess.Popen[bytes]") -> None:
    earlier = Process(sleeper.pid, of(sleeper).started - 1)
    assert not earlier.alive()
    earlier.kill()
    assert sleeper.poll() is None
    assert of(sleeper).alive()


def test_what_is_recorded_is_read_back_and_half_a_record_is_none(tmp_path: Path) -> None:
    file = tmp_path / "init.pid"
    assert Process.recorded(file) is None
    for half in ("", "12", "12 ", "x 5", "1 2 3"):
        file.write_text(half)
        assert Process.recorded(file) is None, half
    file.write_text("12 345\n")
    assert Process.recorded(file) == Process(12, 345)


def test_processes_are_found_by_what_they_were_started_with_and_by_all_of_it(
    sleeper: "subprocess.Popen[bytes]",
) -> None:
    value = f"sleeper {os.getpid()}"
    assert processes_with("VMLM_TEST", value) == [of(sleeper)]
    assert processes_with("VMLM_TEST", value[:-1]) == []
    assert processes_with("TEST", value) == []


def test_processes_are_ended_until_none_is_found_any_more(sleeper: "subprocess.Popen[bytes]") -> None:
    with subprocess.Popen(["sleep", "600"]) as late:
        found = iter([[of(sleeper)], [of(sleeper), of(late)]])  # one that the first had begun meanwhile
        end_all(lambda: next(found, []), "the test")
        assert (sleeper.wait(60), late.wait(60)) == (-9, -9)
