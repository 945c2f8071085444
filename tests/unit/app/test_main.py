"""The command line: its output, its exit status, and the modules it does not load."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tui import __version__

MINIMAL = """
[hosts.source]
ssh = "root@a.invalid"
libvirt = "test:///default"
[hosts.destination]
ssh = "root@b.invalid"
libvirt = "test:///default"
[hosts.storage]
ssh = "root@c.invalid"
[vm]
name = "guest1"
"""
LIMIT_S = 30.0
COMMANDS = [(verb, "--help") for verb in ("migrate", "watch", "status", "post-copy", "cancel", "set")]
SHOW_MODULES = """
import atexit, sys
atexit.register(lambda: print("modules", *sorted(sys.modules)))
sys.argv = ["vmlm-tui", *sys.argv[1:]]
from tui.app.main import main
sys.exit(main())
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The environment of a user without any configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VMLM", "TEXTUAL", "XDG"))}
    return kept | {"HOME": str(tmp_path), "TERM": "xterm-256color"}


@pytest.fixture
def run(environ: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*words: str, program: tuple[str, ...] = ("-m", "tui")) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *program, *words],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    return run


Run = Callable[..., subprocess.CompletedProcess[str]]


def test_the_version_is_one_line(run: Run) -> None:
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"vmlm-tui {__version__}\n", "")


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_the_help_lists_all_options_and_commands(run: Run, word: str) -> None:
    done = run(word)
    assert (done.returncode, done.stderr) == (0, "")
    for term in (
        "--config FILE",
        "--version",
        "--help",
        "vmlm-tui lab",
        "vmlm-tui check",
        "vmlm-tui migrate",
        "$VMLM_CONFIG",
    ):
        assert term in done.stdout


@pytest.mark.parametrize(
    "words",
    [("--version",), ("--help",), ("check", "--help"), ("--config", "/nowhere/config.toml"), *COMMANDS],
)
def test_options_without_a_page_load_no_libraries_of_pages(run: Run, words: tuple[str, ...]) -> None:
    loaded = modules(run(*words, program=("-c", SHOW_MODULES)).stdout)
    assert loaded & {"textual", "rich", "libvirt", "asyncssh", "plotext", "asyncio"} == set()


def test_the_installed_script_runs_the_same_program(run: Run, environ: dict[str, str]) -> None:
    script = Path(sys.executable).with_name("vmlm-tui")
    done = subprocess.run([script, "--version"], env=environ, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (0, f"vmlm-tui {__version__}\n")


def test_lab_parses_its_own_options(run: Run) -> None:
    done = run("lab", "--help")
    assert done.returncode == 0
    assert "exec" in done.stdout


def test_check_has_a_help(run: Run) -> None:
    done = run("check", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    for term in ("--json", "--config FILE", "exit status"):
        assert term in done.stdout


@pytest.mark.parametrize("words", COMMANDS)
def test_each_command_has_a_help_with_its_exit_status(run: Run, words: tuple[str, ...]) -> None:
    done = run(*words)
    assert (done.returncode, done.stderr) == (0, "")
    for term in (f"vmlm-tui {words[0]}", "--config FILE", "exit status"):
        assert term in " ".join(done.stdout.split())


def test_ctrl_c_in_the_lab_prints_one_sentence(run: Run) -> None:
    program = """
import signal, sys
import tui.lab.cli
tui.lab.cli.main = lambda words: signal.raise_signal(signal.SIGINT)
from tui.app.main import main
sys.exit(main(sys.argv[1:]))
"""
    done = run("lab", "up", program=("-c", program))
    assert done.returncode == 128 + signal.SIGINT
    hint = "The same command continues; `vmlm-tui lab down` removes the lab."
    assert done.stderr.strip() == f"vmlm-tui lab: Interrupted. {hint}"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--colour",), "unrecognized arguments: --colour."),
        (("here",), "unrecognized arguments: here."),
        (("--config",), "argument --config: expected one argument."),
        (("--config", ""), "--config names no file."),
        (("--conf", "x"), "unrecognized arguments: --conf x."),
        (("--config", "/nowhere/config.toml"), "/nowhere/config.toml does not exist: there is no configuration."),
        (("--config", "/"), "/ cannot be read: Is a directory."),
        ((), "The standard input is not a terminal."),
        (("check", "--colour"), "unrecognized arguments: --colour. vmlm-tui check --help shows what is expected."),
        (("check", "--config", ""), "--config names no file. vmlm-tui check --help shows what is expected."),
        (("check", "--config", "/nowhere/c.toml"), "/nowhere/c.toml does not exist: there is no configuration."),
    ],
)
def test_an_error_before_the_start_is_one_sentence(run: Run, words: tuple[str, ...], sentence: str) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"vmlm-tui: {sentence}")
    assert done.stderr.count("\n") == 1


def test_a_missing_file_named_by_the_environment_is_one_sentence(run: Run, environ: dict[str, str]) -> None:
    environ["VMLM_CONFIG"] = "/nowhere/lab.toml"
    done = run()
    assert done.returncode == 2
    assert done.stderr.startswith("vmlm-tui: /nowhere/lab.toml does not exist")


def test_each_problem_of_a_configuration_is_one_line(run: Run, tmp_path: Path) -> None:
    place = tmp_path / "config.toml"
    place.write_text(f"{MINIMAL}vcpus = 0\nmemory = 8\n")
    done = run("--config", str(place))
    assert (done.returncode, done.stdout) == (2, "")
    assert [line.split(": ")[:3] for line in done.stderr.splitlines()] == [
        ["vmlm-tui", str(place), "[vm] vcpus"],
        ["vmlm-tui", str(place), "[vm] memory"],
    ]


# -- in a terminal --


class Terminal:
    """The program in a terminal of 80x24."""

    def __init__(self, environ: dict[str, str], *words: str, program: tuple[str, ...] = ("-m", "tui")) -> None:
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.execve(sys.executable, [sys.executable, *program, *words], environ)  # noqa: S606
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.painted = ""
        self._status: int | None = None

    def until(self, text: str) -> None:
        """Read output until the text was painted."""
        end = time.monotonic() + LIMIT_S
        while text not in self.painted:
            assert time.monotonic() < end, self.painted
            assert self._read(), self.painted

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def hang_up(self) -> None:
        os.close(self._master)
        self._master = -1

    def status(self) -> int:
        """Read output until the program has ended; returns its exit status, negative after a signal."""
        while self._master >= 0 and self._read():
            pass
        end = time.monotonic() + LIMIT_S
        while self._status is None:
            assert time.monotonic() < end, "it does not end"
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._status = os.waitstatus_to_exitcode(status) if pid else None
            time.sleep(0.01)
        return self._status

    def close(self) -> None:
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        if self._master >= 0:
            os.close(self._master)

    def _read(self) -> bool:
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:  # EIO: the program has closed the terminal
            return False
        self.painted += data.decode(errors="replace")
        return bool(data)


Open = Callable[..., Terminal]


@pytest.fixture
def opened(environ: dict[str, str]) -> Iterator[Open]:
    """Opens terminals, and closes them after the test."""
    terminals: list[Terminal] = []

    def open_one(*words: str, program: tuple[str, ...] = ("-m", "tui")) -> Terminal:
        terminals.append(Terminal(environ, *words, program=program))
        return terminals[-1]

    yield open_one
    for terminal in terminals:
        terminal.close()


@pytest.fixture
def configured(tmp_path: Path) -> str:
    place = tmp_path / "config.toml"
    place.write_text(MINIMAL)
    return str(place)


def modules(output: str) -> set[str]:
    """The modules that SHOW_MODULES printed."""
    return set(output.rpartition("modules ")[2].split())


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


def test_the_hosts_page_loads_no_libraries_of_other_pages(run: Run) -> None:
    program = "import sys, tui.app.app, tui.app.wiring, tui.hosts.screens.page; print('modules', *sys.modules)"
    loaded = modules(run(program=("-c", program)).stdout)
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
