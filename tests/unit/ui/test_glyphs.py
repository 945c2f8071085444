"""Characters for terminals that cannot show all that the pages use."""

import re
from pathlib import Path

import pytest

from tui.core.settings import AUTO
from tui.ui.glyphs import ASCII, BLOCKS, CONSOLE, TABLES, table

TUI = Path(__file__).parents[3] / "tui"
ROUND = "╭╮╰╯"  # of Textual's frames
CONSOLE_FONT = set("░▒▓█▄▌▐▀│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌•·±∞←→↑↓▲▼►◄√")  # code page 437


def used() -> set[str]:
    """All characters beyond ASCII in the widgets and screens."""
    folders = ("ui/**", "*/widgets/**", "*/screens/**", "*")
    texts = [path.read_text() for folder in folders for path in TUI.glob(f"{folder}/*.py") if path.name != "glyphs.py"]
    return {each for each in "".join(texts) if ord(each) > 127} | set(ROUND)


def test_everything_that_a_page_uses_has_a_character_of_ascii() -> None:
    assert "█" in used()
    assert "".join(sorted(used())).translate(TABLES[ASCII]).isascii()


def test_everything_that_a_page_uses_is_in_the_fonts_of_the_console() -> None:
    shown = "".join(used()).translate(TABLES[CONSOLE])
    assert {each for each in shown if not each.isascii()} <= CONSOLE_FONT


def test_no_character_changes_its_width() -> None:
    assert all(len(each) == 1 for one in TABLES.values() for each in one.values())


@pytest.mark.parametrize(
    ("environ", "glyphs"),
    [
        ({"TERM": "xterm", "LANG": "en_US.UTF-8"}, BLOCKS),
        ({"TERM": "xterm"}, BLOCKS),
        ({"TERM": "xterm", "LC_ALL": "C"}, BLOCKS),
        ({"TERM": "xterm", "LANG": "de_DE.ISO-8859-1"}, ASCII),
        ({"TERM": "xterm", "LANG": "de_DE.ISO-8859-15@euro", "LC_ALL": "en_US.utf8"}, BLOCKS),
        ({"TERM": "linux", "LANG": "en_US.UTF-8"}, CONSOLE),
    ],
)
def test_the_terminal_and_the_locale_decide(environ: dict[str, str], glyphs: str) -> None:
    assert table(AUTO, environ) is TABLES[glyphs]
    assert table(ASCII, environ) is TABLES[ASCII]


def test_control_sequences_stay() -> None:
    sequence = "\x1b[1;31m█\x1b]2;a → b\x07"
    plain = sequence.translate(TABLES[ASCII])
    assert plain == "\x1b[1;31m#\x1b]2;a > b\x07"
    assert re.findall(r"\x1b\[[0-9;]*m", plain) == ["\x1b[1;31m"]
