"""The end of a migration in a real terminal: its title, the bell and the notification, also in tmux."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.app.programs import Terminal

APP = ("-m", "tests.integration.ended_app")
EXEC = ("-c", "import os, sys; os.execvp(sys.argv[1], sys.argv[1:])")
NOTIFICATION = "\x1b]9;guest1: Completed in 2 min 0 s, downtime 200 ms by libvirt\x07"
KEPT, RESTORED = "\x1b[22;2t", "\x1b]2;\x07\x1b[23;2t"  # the title of before
OUTSIDE = ("TMUX", "STY", "COLORTERM", "NO_COLOR", "VISUAL", "LC_ALL")

Open = Callable[..., Terminal]


def environ(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in OUTSIDE}
    return {**kept, "TERM": "xterm-256color", "LANG": "C.UTF-8", **more}


@pytest.fixture
def opened() -> Iterator[Open]:
    terminals: list[Terminal] = []

    def open_(*words: str, program: tuple[str, ...] = APP, **more: str) -> Terminal:
        terminals.append(Terminal(environ(**more), *words, program=program))
        return terminals[-1]

    yield open_
    for each in terminals:
        each.close()


def title(what: str) -> str:
    return f"\x1b]2;{what} - source\x07"


def rings(painted: str) -> int:
    """How often the bell was rung: a control sequence may end with the same character."""
    return re.sub(r"\x1b\][^\x07]*\x07", "", painted).count("\x07")


def test_the_end_rings_and_notifies_once_and_quitting_restores_the_title(opened: Open, tmp_path: Path) -> None:
    terminal = opened(str(tmp_path))
    terminal.until(title("guest1 -> destination pass 2"))
    os.kill(terminal.pid, signal.SIGUSR1)
    terminal.until(NOTIFICATION + title("vmlm-tui"))
    terminal.press("q")
    assert terminal.status() == 0
    painted = terminal.painted
    assert (painted.count(NOTIFICATION), rings(painted)) == (1, 1)
    assert painted.index(KEPT) < painted.index(title("vmlm-tui"))
    assert painted.rindex(RESTORED) > painted.rindex(title("vmlm-tui"))


def test_what_ends_while_an_editor_has_the_terminal_is_sent_after_it(opened: Open, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "played")
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\necho editing\nkill -USR1 $PPID\ncat {tmp_path}/played\n")
    editor.chmod(0o700)
    terminal = opened(str(tmp_path), EDITOR=str(editor))
    terminal.until(title("guest1 -> destination pass 2"))
    terminal.press("C")
    terminal.until("The configuration was not changed.")
    painted = terminal.painted
    assert (painted.count(NOTIFICATION), rings(painted)) == (1, 1)
    edited, after = painted.index("editing"), painted.index("played")
    assert "\x1b" not in painted[edited:after]
    assert after < painted.index(title("vmlm-tui"), edited) < painted.index(NOTIFICATION)


@pytest.mark.parametrize(("passes", "count"), [("on", 1), ("off", 0)])
def test_tmux_passes_the_notification_on_if_it_may_and_shows_nothing_of_it(
    opened: Open, tmp_path: Path, passes: str, count: int
) -> None:
    socket = str(tmp_path / "tmux")
    tmux = ("tmux", "-S", socket, "-f", "/dev/null")
    options = (";", "set", "-g", "allow-passthrough", passes, ";", "set", "-g", "set-titles", "on")
    app = (*tmux, "new-session", "-s", "it", sys.executable, *APP, str(tmp_path), *options)
    terminal = opened(*app, program=EXEC)

    def asked(*words: str) -> str:
        return subprocess.run([*tmux, *words], check=True, capture_output=True, text=True, timeout=30).stdout

    try:
        terminal.until("guest1 -> destination pass 2 - source")
        os.kill(int(asked("display-message", "-p", "-t", "it", "#{pane_pid}")), signal.SIGUSR1)
        terminal.until("vmlm-tui - source")
        terminal.until("Completed")
        shown = asked("capture-pane", "-p", "-t", "it")
    finally:
        asked("kill-server")
    terminal.status()
    assert terminal.painted.count(NOTIFICATION) == count
    assert rings(terminal.painted) == 1
    assert not re.search(r"tmux;|\]9;|notify", shown)
