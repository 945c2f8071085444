"""Control sequences for what a terminal shows outside of its cells: its title, and a notification of the desktop."""

from collections.abc import Mapping

from tui.core.plain_text import plain

ESC, BEL = "\x1b", "\x07"
SAVE_TITLE, RESTORE_TITLE = f"{ESC}[22;2t", f"{ESC}[23;2t"  # xterm's stack of titles
URXVT_FORM = ("rxvt", "foot")  # terminals that know OSC 777; the others that notify know OSC 9
# They know neither, and some show the text: GNU screen, consoles, what talks to a serial line.
NO_NOTIFICATION = ("linux", "screen", "dumb", "vt", "ansi", "minicom")


def title(text: str) -> str:
    """Set the window's title."""
    return f"{ESC}]2;{_in_one_line(text)}{BEL}"


def notification(title: str, text: str, environ: Mapping[str, str]) -> str:
    """Notify the desktop by OSC 777 or OSC 9; empty if the terminal knows neither.

    tmux passes it on to the terminal around it if its `allow-passthrough` is on, and drops it otherwise.
    """
    # A semicolon ends the title of OSC 777, and in OSC 9 a number before one is a command of ConEmu, such as progress.
    title, text = _in_one_line(title).replace(";", ","), _in_one_line(text)
    term, in_tmux = environ.get("TERM", ""), _in_tmux(environ)
    if term.startswith(URXVT_FORM) or environ.get("COLORTERM", "").startswith(URXVT_FORM):
        sequence = f"{ESC}]777;notify;{title};{text}{BEL}"
    elif term.startswith(NO_NOTIFICATION) and not in_tmux:
        return ""
    else:
        sequence = f"{ESC}]9;{title}: {text}{BEL}"
    return f"{ESC}Ptmux;{sequence.replace(ESC, ESC + ESC)}{ESC}\\" if in_tmux else sequence


def _in_tmux(environ: Mapping[str, str]) -> bool:
    """Over ssh only TERM says so. GNU screen that was started in tmux keeps TMUX, and shows what is meant for tmux."""
    term = environ.get("TERM", "")
    in_screen = bool(environ.get("STY")) and term.startswith("screen")
    return term.startswith("tmux") or (bool(environ.get("TMUX")) and not in_screen)


def _in_one_line(text: str) -> str:
    return " ".join(plain(text).split())
