"""The app in a terminal: how it starts, quits, and reports a crash."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.unit.app.programs import LIMIT_S, SHOW_MODULES, Open, modules


def test_without_a_configuration_the_first_page_opens(opened: Open, tmp_path: Path) -> None:
    terminal = opened()
    terminal.until("There is no configuration yet")
    terminal.press("q")
    assert terminal.status() == 0
    assert not (tmp_path / ".config").exists()


def test_the_first_page_loads_no_libraries_of_other_pages(opened: Open) -> None:
    terminal = opened(program=("-c", SHOW_MODULES))
    terminal.until("There is no configuration yet")
    terminal.press("q")
    assert terminal.status() == 0
    loaded = modules(terminal.painted)
    assert "textual" in loaded
    assert loaded & {"libvirt", "asyncssh", "plotext", "tui.migration.screens.page", "tui.lab.lab"} == set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_quits_the_app_and_restores_the_terminal(opened: Open, configured: str, number: int) -> None:
    terminal = opened("--config", configured)
    terminal.until("Launch")
    os.kill(terminal.pid, number)
    assert terminal.status() == 128 + number
    assert "\x1b[?1049l" in terminal.painted  # back from the alternate screen
    assert "Traceback" not in terminal.painted


def test_the_app_quits_when_its_terminal_closes(opened: Open, configured: str) -> None:
    terminal = opened("--config", configured)
    terminal.until("Launch")
    terminal.hang_up()
    assert terminal.status() == 128 + signal.SIGHUP


def test_stderr_and_exceptions_go_to_the_log_and_not_to_the_screen(
    opened: Open, configured: str, tmp_path: Path, environ: dict[str, str]
) -> None:
    environ["XDG_STATE_HOME"] = str(tmp_path / "state")
    program = """
import os, sys, threading
import tui.app.app
def fail(self):
    os.write(2, b"libvirt: error : from C\\n")
    threading.Thread(target=lambda: 1 // 0).start()
    import asyncio
    asyncio.get_running_loop().call_soon(lambda: [].pop())
    raise OSError(24, "Too many open files")
tui.app.app.VmlmApp.on_ready = fail
from tui.app.main import main
sys.exit(main(sys.argv[1:]))
"""
    terminal = opened("--config", configured, program=("-c", program))
    terminal.until("Launch")
    log = tmp_path / "state" / "vmlm" / "vmlm-tui.log"
    end = time.monotonic() + LIMIT_S
    while not all(text in log.read_text() for text in ("from C", "ZeroDivisionError", "IndexError", "Errno 24")):
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.02)
    terminal.until("Unexpected")
    terminal.press("q")
    assert terminal.status() == 0
    for text in ("from C", "ZeroDivisionError", "IndexError", "Traceback"):
        assert text not in terminal.painted
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_crash_is_one_sentence_that_names_the_log(
    opened: Open, configured: str, tmp_path: Path, environ: dict[str, str]
) -> None:
    environ["XDG_STATE_HOME"] = str(tmp_path / "state")
    program = """
import sys
import tui.app.app
tui.app.app.VmlmApp.on_mount = lambda self: 1 // 0
from tui.app.main import main
sys.exit(main(sys.argv[1:]))
"""
    terminal = opened("--config", configured, program=("-c", program))
    assert terminal.status() == 1
    log = tmp_path / "state" / "vmlm" / "vmlm-tui.log"
    assert f"vmlm-tui: The app crashed; {log} has the error." in terminal.painted
    assert "Traceback" not in terminal.painted
    assert "ZeroDivisionError" in log.read_text()


def test_the_app_opens_without_a_writable_log(
    opened: Open, configured: str, tmp_path: Path, environ: dict[str, str]
) -> None:
    (tmp_path / "state").write_text("a file in place of a folder")
    environ["XDG_STATE_HOME"] = str(tmp_path / "state")
    terminal = opened("--config", configured)
    terminal.until("Launch")
    terminal.press("q")
    assert terminal.status() == 0


def test_the_users_textual_settings_take_precedence(opened: Open, configured: str, environ: dict[str, str]) -> None:
    environ["TEXTUAL_ANIMATIONS"] = "basic"
    program = """
import os, sys
from tui.app.main import main
status = main(sys.argv[1:])
print("animations:", os.environ["TEXTUAL_ANIMATIONS"])
"""
    terminal = opened("--config", configured, program=("-c", program))
    terminal.until("Launch")
    terminal.press("q")
    assert terminal.status() == 0
    assert "animations: basic" in terminal.painted


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may raise its priority")
def test_the_app_of_root_has_a_higher_priority(opened: Open, configured: str) -> None:
    terminal = opened("--config", configured)
    terminal.until("Launch")
    assert os.getpriority(os.PRIO_PROCESS, terminal.pid) == -10
    terminal.press("q")
    assert terminal.status() == 0


def test_the_lab_runs_with_the_original_priority(opened: Open) -> None:
    program = """
import os, sys
import tui.lab.cli
import tui.app.screens.first
tui.app.screens.first.os.geteuid = lambda: 0
tui.lab.cli.main = lambda words: print("lab", words, os.getpriority(os.PRIO_PROCESS, 0)) or 7
from tui.app.main import main
sys.exit(main([]))
"""
    terminal = opened(program=("-c", program))
    terminal.until("There is no configuration yet")
    terminal.press("l")
    assert terminal.status() == 7
    assert f"lab [] {os.getpriority(os.PRIO_PROCESS, 0)}" in terminal.painted
