"""The command line: its output, its exit status, and the modules it does not load."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.app.programs import MINIMAL, SHOW_MODULES, Run, modules
from tui import __version__
from tui.app.commands import MODULES

FULL_DISK = """
import os, sys
os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
from tui.app.main import main
sys.exit(main(sys.argv[1:]))
"""
CLOSED_PIPE = """
import os, sys
reader, writer = os.pipe()
os.close(reader)
os.dup2(writer, 1)
from tui.app.main import main
sys.exit(main(sys.argv[1:]))
"""
CLOSED = """
import os, sys
if "CLOSED" not in os.environ:
    os.close(1)
    os.environ["CLOSED"] = "1"
    os.execv(sys.executable, sys.orig_argv)
from tui.app.main import main
sys.exit(main(sys.argv[1:]))
"""
IS_CLOSED = "the standard output is closed"
# One for each way in which commands print.
PRINTING = [
    ("--version",),
    ("--help",),
    ("check", "--help"),
    ("completion", "bash"),
    ("doctor",),
    ("keys",),
    ("lab", "--help"),
    ("man",),
    ("migrate", "--help"),
    ("runs", "--help"),
]
UNCONFIGURED = {"demo", "completion", "man"}  # commands that read no configuration


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
    [
        ("--version",),
        ("--help",),
        ("check", "--help"),
        ("--config", "/nowhere/config.toml"),
        *((verb, "--help") for verb in MODULES),
    ],
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


@pytest.mark.parametrize("verb", MODULES)
def test_each_command_has_a_help_with_its_exit_status(run: Run, verb: str) -> None:
    done = run(verb, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    printed = " ".join(done.stdout.split())
    assert f"vmlm-tui {verb}" in printed
    assert "exit status" in printed
    assert ("--config FILE" in printed) == (verb not in UNCONFIGURED)
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    assert len(lines) == len({*lines})


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
        (("here",), 'There is no command "here". `vmlm-tui --help` lists them.'),
        (("migrat", "guest1"), 'There is no command "migrat". Is migrate meant? `vmlm-tui --help` lists them.'),
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


@pytest.mark.parametrize(("program", "why"), [(FULL_DISK, "No space left on device"), (CLOSED, IS_CLOSED)])
@pytest.mark.parametrize("words", PRINTING)
def test_output_that_cannot_be_written_is_one_sentence(
    run: Run, words: tuple[str, ...], program: str, why: str
) -> None:
    done = run(*words, program=("-c", program))
    assert done.returncode == 2
    name = "vmlm-tui" if words[0].startswith("-") else f"vmlm-tui {words[0]}"
    assert done.stderr == f"{name}: The output could not be written: {why}.\n"


@pytest.mark.parametrize("words", PRINTING)
def test_a_reader_that_has_closed_its_pipe_ends_a_command_quietly(run: Run, words: tuple[str, ...]) -> None:
    done = run(*words, program=("-c", CLOSED_PIPE))
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE if words[0] == "check" else 0, "")


def test_the_status_of_a_command_is_kept_if_its_output_is_lost(run: Run) -> None:
    done = run("doctor", "--config", "/nowhere/config.toml", program=("-c", FULL_DISK))
    assert done.returncode == 1  # something is missing
    assert done.stderr == "vmlm-tui doctor: The output could not be written: No space left on device.\n"


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


def test_the_hosts_page_loads_no_libraries_of_other_pages(run: Run) -> None:
    program = "import sys, tui.app.app, tui.app.wiring, tui.hosts.screens.page; print('modules', *sys.modules)"
    loaded = modules(run(program=("-c", program)).stdout)
    assert "textual" in loaded
    assert loaded & {"libvirt", "asyncssh", "plotext", "tui.migration.screens.page", "tui.lab.lab"} == set()


def test_no_page_loads_an_http_client(run: Run) -> None:
    pages = ", ".join(f"tui.{room}.screens.page" for room in ("launch", "migration", "runs", "study"))
    loaded = modules(run(program=("-c", f"import sys, {pages}; print('modules', *sys.modules)")).stdout)
    assert "textual" in loaded
    assert loaded & {"http.client", "email", "urllib.request"} == set()
