"""Control sequences for the terminal's title and for a notification."""

import pytest

from tui.ui.control_sequences import notification, title


def test_a_name_cannot_end_the_title() -> None:
    assert title("a\x07b\x1b[2Jc\nd") == "\x1b]2;abc d\x07"


@pytest.mark.parametrize(
    ("environ", "sequence"),
    [
        ({"TERM": "xterm-256color"}, "\x1b]9;guest1: done; 5 s\x07"),
        ({"TERM": "foot"}, "\x1b]777;notify;guest1;done; 5 s\x07"),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/x"}, "\x1bPtmux;\x1b\x1b]9;guest1: done; 5 s\x07\x1b\\"),
        ({"TERM": "screen", "TMUX": "/tmp/x"}, "\x1bPtmux;\x1b\x1b]9;guest1: done; 5 s\x07\x1b\\"),
        ({"TERM": "tmux-256color"}, "\x1bPtmux;\x1b\x1b]9;guest1: done; 5 s\x07\x1b\\"),  # over ssh from there
        ({"TERM": "screen", "STY": "1.tty", "TMUX": "/tmp/x"}, ""),  # GNU screen in tmux: it would show the text
        ({"TERM": "xterm", "COLORTERM": "rxvt-xpm"}, "\x1b]777;notify;guest1;done; 5 s\x07"),
        ({"TERM": "screen"}, ""),
        ({"TERM": "vt220"}, ""),
        ({"TERM": "linux"}, ""),
    ],
)
def test_a_notification_is_sent_in_the_form_that_the_terminal_knows(environ: dict[str, str], sequence: str) -> None:
    assert notification("guest1", "done; 5 s", environ) == sequence


def test_the_name_of_a_vm_is_no_command_of_conemu() -> None:
    assert notification("4;1;50", "done", {"TERM": "xterm"}) == "\x1b]9;4,1,50: done\x07"
