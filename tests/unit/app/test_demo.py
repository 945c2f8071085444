"""`vmlm-tui demo` in a terminal: what it needs, and what it leaves behind."""

import os
import signal
from pathlib import Path

import pytest

from tests.unit.app.programs import WITHOUT_LIBVIRT, Open, Run
from tui.app.screens.demo import NOTICE, RECORDING
from tui.runs.backend.reading import RunReader, open_run

CLEARED = "\x1b[?1049h"  # the screen is empty after it


@pytest.fixture
def temporary(tmp_path: Path, environ: dict[str, str]) -> Path:
    """The folder for temporary files of the program."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    environ["TMPDIR"] = str(folder)
    return folder


def test_the_demo_needs_no_libvirt_and_leaves_nothing_behind(opened: Open, temporary: Path) -> None:
    before = {each: each.stat().st_mtime_ns for each in RECORDING.iterdir()}
    terminal = opened("demo", program=("-c", WITHOUT_LIBVIRT))
    terminal.until(NOTICE)
    terminal.until("guest1")
    terminal.until("playing 1x")
    terminal.press("q")
    assert terminal.status() == 0
    assert list(temporary.parent.iterdir()) == [temporary]  # $HOME
    assert list(temporary.iterdir()) == []
    assert {each: each.stat().st_mtime_ns for each in RECORDING.iterdir()} == before


def test_the_log_of_a_crash_stays(opened: Open, temporary: Path) -> None:
    program = WITHOUT_LIBVIRT.replace(
        "from tui.app.main",
        "import tui.app.screens.demo; tui.app.screens.demo.DemoApp.on_mount = lambda self: 1 // 0; from tui.app.main",
    )
    terminal = opened("demo", program=("-c", program))
    assert terminal.status() == 1
    (log,) = temporary.rglob("vmlm-tui.log")
    assert f"{log} has the error." in terminal.painted
    assert "ZeroDivisionError" in log.read_text()


def test_the_demo_without_a_terminal_is_one_sentence(run: Run) -> None:
    done = run("demo")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "vmlm-tui demo: The standard input is not a terminal. Run vmlm-tui in a terminal.\n"


def test_a_terminal_that_cannot_move_its_cursor_is_one_sentence(opened: Open, environ: dict[str, str]) -> None:
    environ["TERM"] = "dumb"
    terminal = opened("demo")
    assert terminal.status() == 2
    assert "This terminal can't move its cursor: TERM is dumb." in terminal.painted
    assert "\x1b" not in terminal.painted


def test_the_recording_is_a_small_whole_run() -> None:
    opened = open_run(RunReader(RECORDING.parent).read(RECORDING))
    assert (opened.problem, opened.run.problem) == ("", "")
    assert opened.run.outcome == "completed"
    assert opened.timeline.post_copy_at is not None
    assert sum(each.stat().st_size for each in RECORDING.iterdir()) < 150_000


def test_the_screen_is_painted_again_after_the_shell_had_the_terminal(opened: Open) -> None:
    terminal = opened("demo")
    terminal.until("memory, MiB")
    terminal.press(" ")  # Textual's handler of the signal must not interrupt its own writing
    terminal.until("aused")  # its first letter was there already
    os.kill(terminal.pid, signal.SIGTSTP)
    os.waitpid(terminal.pid, os.WUNTRACED)  # until it is stopped
    terminal.painted = ""
    os.kill(terminal.pid, signal.SIGCONT)
    terminal.until(CLEARED)
    terminal.painted = terminal.painted.rpartition(CLEARED)[2]
    terminal.until(NOTICE)
