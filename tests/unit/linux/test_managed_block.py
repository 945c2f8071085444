"""Managed blocks: added to files, and removed without a trace."""

import pytest

from tui.linux.managed_block import blocks, with_lines, without_lines

LINES = ("/images a(rw)",)
FILES = [
    None,
    "",
    "\n",
    "# a comment\n",
    "# no newline at the end",
    "/srv *(ro)\n\n\n",
    "/srv \\\n  *(ro)\n",
    "\tdos\r\n\x00\udcff not text\n",
    "# vmlm-tui: the next line is its own\n/other b(rw)\n",
]


@pytest.mark.parametrize("text", FILES)
@pytest.mark.parametrize("lines", [LINES, ("one", "two", "three")])
def test_removing_added_lines_restores_every_byte(text: str | None, lines: tuple[str, ...]) -> None:
    changed = with_lines(text, lines)
    assert changed != text
    assert changed.startswith(text or "")
    assert "\n".join(lines) in changed
    assert without_lines(changed, lines) == text


@pytest.mark.parametrize("text", FILES)
def test_adding_lines_twice_is_the_same_as_once(text: str | None) -> None:
    once = with_lines(text, LINES)
    assert with_lines(once, LINES) == once


@pytest.mark.parametrize("text", FILES)
def test_lines_that_others_add_later_stay(text: str | None) -> None:
    added = with_lines(text, LINES) + "/added later(rw)\n"
    rest = without_lines(added, LINES)
    assert rest is not None
    assert rest.endswith("/added later(rw)\n")
    assert blocks(rest) == blocks(text or "")


def test_lines_that_were_edited_are_not_removed() -> None:
    changed = with_lines("# theirs\n", LINES).replace("a(rw)", "b(rw)")
    assert without_lines(changed, LINES) == changed


def test_the_last_of_several_blocks_is_removed_without_the_others() -> None:
    one = with_lines("# theirs\n", ("one",))
    assert without_lines(with_lines(one, ("two",)), ("two",)) == one
    assert [block.lines for block in blocks(with_lines(one, ("two",)))] == [("one",), ("two",)]
