"""Where the socket of the runner is: in one folder per user and computer, whatever the session's variables are."""

import os
from pathlib import Path

import pytest

from tui.core.failure import Failure
from tui.runner import process

USER = 4711  # has no name


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A computer of a test, on which no folder is named."""
    monkeypatch.delenv("VMLM_RUNTIME_DIR")
    for name in ("run", "tmp"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(process, "RUN", tmp_path / "run")
    monkeypatch.setattr(process, "TEMPORARY", tmp_path / "tmp")
    return tmp_path


def user_is(monkeypatch: pytest.MonkeyPatch, user: int) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)


@pytest.mark.parametrize(("user", "expected"), [(0, "run/vmlm-tui"), (USER, f"tmp/vmlm-tui-{USER}")])
def test_all_sessions_of_a_user_have_one_folder(
    machine: Path, monkeypatch: pytest.MonkeyPatch, user: int, expected: str
) -> None:
    """Such as below `sudo -E` and `su`, which pass the variables of the caller on."""
    user_is(monkeypatch, user)
    found = set()
    for runtime in ("", f"/run/user/{user}", "/run/user/1000", str(machine)):
        for temporary in ("", str(machine / "other")):
            monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
            monkeypatch.setenv("TMPDIR", temporary)
            found.add(process._folder_of_user())
    assert found == {machine / expected}


def test_the_folder_is_made_for_this_user_only(machine: Path) -> None:
    made = process.folder()
    assert made.is_relative_to(machine)
    assert made.stat().st_mode & 0o777 == 0o700


def test_a_named_folder_is_used(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMLM_RUNTIME_DIR", str(machine))
    assert process.folder() == machine / "vmlm-tui"


def test_a_named_folder_must_be_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMLM_RUNTIME_DIR", "here")
    with pytest.raises(Failure, match="VMLM_RUNTIME_DIR is not an absolute path: here"):
        process.folder()


def test_a_path_that_is_too_long_for_a_socket_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VMLM_RUNTIME_DIR", str(tmp_path / ("x" * 100)))
    with pytest.raises(Failure, match="too long"):
        process.folder()


@pytest.mark.parametrize("parent", ["/proc", "/nonexistent"])
def test_a_folder_that_cannot_be_made_is_a_failure(monkeypatch: pytest.MonkeyPatch, parent: str) -> None:
    monkeypatch.setenv("VMLM_RUNTIME_DIR", parent)
    with pytest.raises(Failure, match="no folder for its socket") as raised:
        process.folder()
    assert raised.value.hint == "Set VMLM_RUNTIME_DIR to a folder of your own, always the same one."
