"""`vmlm-tui doctor`: what it finds missing, its exit status, and what works without libvirt-python."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.app.programs import MINIMAL, WITHOUT_LIBVIRT, Run
from tui.app.doctor import NOTE, OK, colours, encoding
from tui.app.screens.demo import RECORDING

PROGRAM = ("-c", WITHOUT_LIBVIRT)


def by_name(run: Run, *words: str, program: tuple[str, ...] = ("-m", "tui")) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit status of `doctor --json`, and its lines by name."""
    done = run("doctor", "--json", *words, program=program)
    assert done.stderr == ""
    return done.returncode, {line["name"]: line for line in json.loads(done.stdout)["lines"]}


def test_a_machine_with_all_that_is_needed_is_well(run: Run, configured: str, environ: dict[str, str]) -> None:
    status, lines = by_name(run, "--config", configured)
    assert (status, [each["name"] for each in lines.values() if each["state"] == "missing"]) == (0, [])
    assert lines["configuration"]["found"] == configured
    assert "made when it is needed" in lines["state folder"]["found"]
    assert not (Path(environ["HOME"]) / ".local").exists()


def test_without_libvirt_python_doctor_says_how_to_install_it(run: Run) -> None:
    done = run("doctor", program=PROGRAM)
    assert done.returncode == 1
    assert "missing  libvirt-python: import of libvirt halted" in done.stdout
    assert "python3-libvirt" in done.stdout
    assert "Missing: asyncssh, libvirt-python." in done.stdout


def test_without_ssh_doctor_fails(run: Run, environ: dict[str, str], tmp_path: Path) -> None:
    environ["PATH"] = str(tmp_path)
    status, lines = by_name(run)
    assert status == 1
    assert lines["ssh"]["state"] == "missing"
    assert (lines["virsh"]["state"], lines["C compiler"]["state"]) == ("note", "note")


def test_no_configuration_is_a_note_and_a_wrong_one_is_missing(run: Run, path: Path) -> None:
    status, lines = by_name(run)
    assert (status, lines["configuration"]["state"]) == (0, "note")
    path.write_text(f"{MINIMAL}vcpus = 0\n")
    status, lines = by_name(run, "--config", str(path))
    assert (status, lines["configuration"]["state"]) == (1, "missing")
    assert "[vm] vcpus" in lines["configuration"]["found"]
    status, lines = by_name(run, "--config", "/nowhere/config.toml")
    assert (status, lines["configuration"]["state"]) == (1, "missing")


def test_a_folder_that_cannot_be_written_is_missing(run: Run, environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    environ["XDG_STATE_HOME"] = str(tmp_path / "file")
    status, lines = by_name(run)
    assert (status, lines["state folder"]["state"], lines["runs folder"]["state"]) == (1, "missing", "missing")
    assert "Not a directory" in lines["state folder"]["found"]


def test_a_runner_without_a_folder_is_missing(run: Run, environ: dict[str, str]) -> None:
    environ["VMLM_RUNTIME_DIR"] = "relative"
    status, lines = by_name(run)
    assert (status, lines["runner folder"]["state"]) == (1, "missing")
    assert "not an absolute path" in lines["runner folder"]["found"]


@pytest.mark.parametrize(
    ("environ", "state"),
    [
        ({"TERM": "xterm-256color"}, OK),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, NOTE),
        ({"TERM": "dumb"}, NOTE),
        ({}, NOTE),
    ],
)
def test_colours_are_known_by_the_variables(environ: dict[str, str], state: str) -> None:
    assert colours(environ).state == state


@pytest.mark.parametrize(
    ("environ", "state"),
    [
        ({"LANG": "en_US.UTF-8"}, OK),
        ({"LANG": "C.utf8"}, OK),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, NOTE),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, OK),
        ({"LANG": "", "LC_ALL": ""}, NOTE),
    ],
)
def test_the_first_variable_of_the_locale_decides(environ: dict[str, str], state: str) -> None:
    assert encoding(environ).state == state


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("runs", "show", str(RECORDING)), ("check", "--help")])
def test_what_needs_no_host_works_without_libvirt_python(run: Run, words: tuple[str, ...]) -> None:
    done = run(*words, program=PROGRAM)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_host_without_libvirt_python_is_a_sentence(run: Run) -> None:
    program = (
        f"{WITHOUT_LIBVIRT.rpartition('from')[0]}import tui.app.wiring; tui.app.wiring.open_hypervisor('qemu:///x')"
    )
    done = run(program=("-c", program))
    last = done.stderr.splitlines()[-1]
    assert last.startswith("tui.core.failure.Failure: libvirt-python is missing on this machine: import of libvirt")
    assert last.endswith("`vmlm-tui doctor` shows how to install it.")
