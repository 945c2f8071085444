"""Where systemd ends processes of users: how the runner is started, and which clients report that a logout ends it."""

import os
import pwd
from pathlib import Path

import pytest

from tui.runner import logout
from tui.runner.logout import SCOPE, Start, ended_by_logout, starts

USER = 4711
KILLS = "KillOnlyUsers=\nKillExcludeUsers=\nKillUserProcesses=yes\n"
KEEPS = KILLS.replace("yes", "no")
SYSTEM = "0::/system.slice/run-r1.scope"
MANAGER = f"0::/user.slice/user-{USER}.slice/user@{USER}.service/app.slice/run-r1.scope"
SESSION = f"0::/user.slice/user-{USER}.slice/session-3.scope"
SESSION_OF_ROOT = "0::/user.slice/user-0.slice/session-c1.scope"
HYBRID = f"2:pids:/user.slice/user-{USER}.slice\n1:name=systemd:/user.slice/user-{USER}.slice/session-3.scope\n0::/"
USER_SCOPE = Start((*SCOPE, "--user"), {"XDG_RUNTIME_DIR": f"/run/user/{USER}"})


class Computer:
    """A computer with systemd, whose files and programs the test chooses."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._folder, self._patch = folder, patch
        for name, value in (("SYSTEMD", folder), ("LINGERING", folder / "linger"), ("PROCESSES", folder / "proc")):
            patch.setattr(logout, name, value)
        patch.setattr(pwd, "getpwuid", lambda user: pwd.struct_passwd(("root" if user == 0 else "op", *"xxxxxx")))
        patch.setenv("PATH", f"{folder / 'bin'}:{os.environ['PATH']}")
        self.program("systemd-run", "exit 0")
        self.user_is(USER)
        self.logind(KEEPS)
        self.in_group(SESSION)

    def user_is(self, user: int) -> None:
        self._patch.setattr(os, "geteuid", lambda: user)

    def logind(self, settings: str) -> None:
        """Replies with these settings if it is asked for none of a session."""
        self.program("loginctl", f'[ $# = 4 ] && [ $1 = show-session ] && echo "{settings}"')

    def lingers(self) -> None:
        (self._folder / "linger").mkdir()
        (self._folder / "linger/op").touch()

    def in_group(self, groups: str) -> None:
        for name in ("self", "7"):
            (self._folder / "proc" / name).mkdir(parents=True, exist_ok=True)
            (self._folder / "proc" / name / "cgroup").write_text(f"{groups}\n")

    def program(self, name: str, lines: str) -> None:
        path = self._folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{lines}\n")
        path.chmod(0o755)


@pytest.fixture
def computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Computer:
    return Computer(tmp_path, monkeypatch)


# -- the start --


def test_root_starts_it_in_a_scope_of_the_system(computer: Computer) -> None:
    computer.user_is(0)
    assert starts() == [Start(SCOPE), Start()]


def test_a_user_who_lingers_starts_it_in_a_scope_below_the_own_systemd_whatever_the_session_has(
    computer: Computer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`su` leaves XDG_RUNTIME_DIR as it is, that of root."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/0")
    computer.lingers()
    computer.in_group(SESSION_OF_ROOT)
    assert starts() == [USER_SCOPE, Start()]


@pytest.mark.parametrize("groups", [SESSION, HYBRID])
def test_a_session_that_logind_ends_is_worse_than_the_own_systemd_which_ends_later(
    computer: Computer, groups: str
) -> None:
    computer.in_group(groups)
    computer.logind(KILLS)
    assert starts() == [USER_SCOPE, Start()]


@pytest.mark.parametrize("groups", [SESSION, SESSION_OF_ROOT, SYSTEM, MANAGER])
def test_it_stays_where_it_is_if_that_lasts_as_long(computer: Computer, groups: str) -> None:
    computer.in_group(groups)
    assert starts() == [Start()]


def test_without_systemd_there_is_no_scope(computer: Computer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    computer.lingers()
    monkeypatch.setattr(logout, "SYSTEMD", tmp_path / "none")
    assert starts() == [Start()]


# -- the warning --


@pytest.mark.parametrize("groups", [SYSTEM, SESSION, SESSION_OF_ROOT, ""])
def test_what_a_logout_does_not_end_has_no_warning(computer: Computer, groups: str) -> None:
    computer.in_group(groups)
    assert ended_by_logout(7) is None


def test_a_process_that_has_gone_has_no_warning(computer: Computer) -> None:
    assert ended_by_logout(8) is None


def test_below_the_own_systemd_it_ends_with_it_unless_the_user_lingers(computer: Computer) -> None:
    computer.in_group(MANAGER)
    assert str(ended_by_logout(7)) == (
        "A logout ends the runner in the background, and with it the record of a migration: systemd ends all processes "
        "of op soon after the last logout. Run `loginctl enable-linger op`, as root if it is refused."
    )
    computer.lingers()
    assert ended_by_logout(7) is None


@pytest.mark.parametrize("groups", [SESSION, HYBRID])
def test_a_session_that_logind_ends_has_a_warning(computer: Computer, groups: str) -> None:
    computer.in_group(groups)
    computer.logind(KILLS)
    assert str(ended_by_logout(7)) == (
        "A logout ends the runner in the background, and with it the record of a migration: it belongs to a session of "
        "op, whose processes logind ends (KillUserProcesses=yes). Run `loginctl enable-linger op`, as root if it is "
        "refused; then quit all vmlm-tui and start one again."
    )


def test_to_linger_does_not_move_a_runner_out_of_its_session(computer: Computer) -> None:
    """It was started before, or systemd-run failed."""
    computer.logind(KILLS)
    computer.lingers()
    failure = ended_by_logout(7)
    assert failure is not None
    assert failure.hint == (
        "See whether `systemd-run --user --scope true` works; then quit all vmlm-tui and start one again."
    )


def test_the_runner_of_root_in_the_session_of_a_user_has_a_warning(computer: Computer) -> None:
    """As below sudo, if systemd-run failed."""
    computer.user_is(0)
    computer.logind(KILLS)
    failure = ended_by_logout(7)
    assert failure is not None
    assert "a session of op" in failure.why
    assert "`systemd-run --scope true`" in failure.hint


@pytest.mark.parametrize(
    ("settings", "groups", "ends"),
    [
        (KILLS, SESSION_OF_ROOT, False),  # root is exempt unless the list is another
        (KILLS.replace("ExcludeUsers=", "ExcludeUsers=nobody"), SESSION_OF_ROOT, True),
        (KILLS.replace("ExcludeUsers=", "ExcludeUsers=root op"), SESSION, False),
        (KILLS.replace("OnlyUsers=", "OnlyUsers=nobody op"), SESSION, True),
        (KILLS.replace("OnlyUsers=", "OnlyUsers=nobody"), SESSION, False),
    ],
)
def test_logind_ends_the_processes_of_some_users_only(
    computer: Computer, settings: str, groups: str, ends: bool
) -> None:
    computer.in_group(groups)
    computer.logind(settings)
    assert (ended_by_logout(7) is not None) is ends


@pytest.mark.parametrize("lines", ["exit 1", "exec sleep 60"])
def test_a_logind_that_does_not_respond_delays_nothing_and_has_no_warning(
    computer: Computer, monkeypatch: pytest.MonkeyPatch, lines: str
) -> None:
    monkeypatch.setattr(logout, "LOGIND_LIMIT_S", 0.05)
    computer.program("loginctl", lines)
    assert starts() == [Start()]
    assert ended_by_logout(7) is None
