"""The transcript of a job, from output that arrives in pieces."""

import pytest

from tui.checklist.model.transcript import ACTION, DONE, OUTPUT, STEP, Line, Progress, Transcript
from tui.core.plain_text import plain
from tui.linux.change import AddLines

ADD = AddLines("storage", "/etc/exports", ("/srv a(rw)",))


def output_of(*pieces: str) -> list[str]:
    transcript = Transcript()
    for piece in pieces:
        transcript.record(Progress(ADD, OUTPUT, piece))
    return [line.text for line in transcript.lines if line.kind == OUTPUT]


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        (("one\ntwo\n",), ["one", "two"]),
        (("o", "n", "e\nt", "wo"), ["one", "two"]),
        (("one\r\n", "two\r\n"), ["one", "two"]),
        (("one\r", "\ntwo"), ["one", "two"]),
        (("0%\r10%\r", "20%\r", "100%\n"), ["100%"]),
        (("\x1b[1mbold\x1b[0m \x1b]0;title\x07and \x9bmore\x07\n",), ["bold and more"]),
        (("a\tb\n",), ["a       b"]),
        (("\n",), [""]),
        ((), []),
    ],
)
def test_output_is_what_a_terminal_would_show(pieces: tuple[str, ...], lines: list[str]) -> None:
    assert output_of(*pieces) == lines


def test_an_action_is_shown_with_its_host_and_result() -> None:
    transcript = Transcript()
    transcript.step("storage: the folder is exported")
    for kind, text in ((ACTION, ""), (OUTPUT, "half a line"), (DONE, ""), (OUTPUT, "the next")):
        transcript.record(Progress(ADD, kind, text))
    assert transcript.lines == [
        Line(STEP, "storage: the folder is exported"),
        Line(ACTION, "storage: in /etc/exports, add:"),
        Line(ACTION, "    /srv a(rw)"),
        Line(OUTPUT, "half a line"),
        Line(DONE, "done"),
        Line(OUTPUT, "the next"),
    ]


@pytest.mark.parametrize("text", ["naïve\n日本 [bold]\n", "a\u200cb", "क्\u200dष", "שלום"])
def test_plain_text_keeps_newlines_and_every_letter(text: str) -> None:
    assert plain(text) == text


CONTROLS = "\u202e\u202a\u2066\u2069\u200f\u061c\u200b\ufeff\xad\u2028\U000e0041\x07\x9b"


@pytest.mark.parametrize("control", [*CONTROLS, "\x1b[2J"])
def test_plain_text_has_no_character_that_changes_how_the_rest_is_displayed(control: str) -> None:
    assert plain(f"guest1{control} gnp.exe") == "guest1 gnp.exe"


def test_a_byte_that_is_not_utf8_is_shown_as_the_replacement_character() -> None:
    assert plain(b"caf\xe9".decode(errors="surrogateescape")) == "caf\ufffd"
