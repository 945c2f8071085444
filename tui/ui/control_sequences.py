"""Control sequences for what a terminal shows outside of its cells: its title, and a notification of the desktop."""

from collections.abc import Mapping

from tui.core.plain_text import plain

ESC, BEL = "\x1b", "\x07"
SAVE_TITLE, RESTORE_TITLE = f"{ESC}[22;2t", f"{ESC}[23;2t"  # xterm's stack of titles
URXVT_FORM = ("rxvt", "foot")  # terminals that know OSC 777; the others that notify know OSC 9
NO_NOTIFICATION = ("linux", "screen", "dumb")  # they know neither, and GNU screen shows the text


def title(text: str) -> str:
    """Set the window's title."""
    return f"{ESC}]2;{_in_one_line(text)}{BEL}"


def notification(title: str, text: str, environ: Mapping[str, str]) -> str:
    """Notify the desktop by OSC 777 or OSC 9; empty if the terminal knows neither.

    tmux passes it on to the terminal around it if its `allow-passthrough` is on, and drops it otherwise.
    """
    title, text = (_in_one_line(each) for each in (title, text))
    term, in_tmux = environ.get("TERM", ""), bool(environ.get("TMUX"))
    if term.startswith(URXVT_FORM):
        sequence = f"{ESC}]777;notify;{title.replace(';', ',')};{text}{BEL}"
    elif term.startswith(NO_NOTIFICATION) and not in_tmux:
        return ""
    else:
        sequence = f"{ESC}]9;{title}: {text}{BEL}"
    return f"{ESC}Ptmux;{sequence.replace(ESC, ESC + ESC)}{ESC}\\" if in_tmux else sequence


def _in_one_line(text: str) -> str:
    return " ".join(plain(text).split())
