"""Where the socket of the runner is: in a folder of the user that stays after the logout."""

import os
import tempfile
from pathlib import Path

import pytest

from tui.core.failure import Failure
from tui.runner import process

USER = 4711  # has no name


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The runtime folder that systemd made for the user who runs this."""
    monkeypatch.setattr(process, "RUNTIME", tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: USER)
    owner_of(tmp_path / str(USER), USER)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / str(USER)))
    return tmp_path / str(USER)


def owner_of(path: Path, user: int) -> Path:
    path.mkdir()
    try:
        os.chown(path, user, user)
    except PermissionError:
        pytest.skip("only root can give a folder away")
    return path


def test_the_folder_of_a_user_who_lingers_is_used(user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_lingers", lambda: True)
    assert process._runtime_folder() == user
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert process._runtime_folder() == user


def test_a_folder_that_the_logout_removes_is_not_used(user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LINGERING", user)
    assert process._runtime_folder() is None
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert process._runtime_folder() is None


def test_a_folder_that_the_user_has_named_is_used(user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = owner_of(tmp_path / "named", USER)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(named))
    assert user.exists()
    assert process._runtime_folder() == named


@pytest.mark.parametrize("named", ["", "relative", "/nonexistent", "other"])
def test_a_folder_that_is_not_the_users_is_not_used(
    user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    """Such as below sudo, which may pass the variable of the caller on."""
    if named == "other":
        named = str(owner_of(tmp_path / "other", USER + 1))
    monkeypatch.setenv("XDG_RUNTIME_DIR", named)
    user.rmdir()
    assert process._runtime_folder() is None


def test_without_one_it_is_a_folder_of_its_own_below_tmp(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(process, "_runtime_folder", lambda: None)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert process.folder() == tmp_path / f"vmlm-tui-{os.geteuid()}"


def test_a_path_that_is_too_long_for_a_socket_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(process, "_runtime_folder", lambda: tmp_path / ("x" * 100))
    with pytest.raises(Failure, match="too long"):
        process.folder()


def test_a_folder_that_cannot_be_made_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_runtime_folder", lambda: Path("/proc"))
    with pytest.raises(Failure, match="no folder for its socket"):
        process.folder()
