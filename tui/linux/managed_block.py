"""Managed blocks: lines of the app in a host's file, added under a mark and removed without a trace.

The mark contains the number of lines, and what else to remove with them: a newline that the app added to the last line,
or a file that the app created. All other bytes stay, even if the file was edited in between.
"""

import re
from dataclasses import dataclass

MARK = re.compile(
    r"# vmlm-tui: the next (?:line is|([0-9]{1,4}) lines are) its own(; it (?:ended the line above|made the file))?"
)
ENDED = "; it ended the line above"
MADE = "; it made the file"


@dataclass(frozen=True)
class Block:
    """Lines of the app; `start` is the line number of the mark, from 0, `extra` what else to remove."""

    start: int
    lines: tuple[str, ...]
    extra: str


def blocks(text: str) -> list[Block]:
    """The managed blocks of a file, in their order."""
    lines = text.split("\n")
    found = []
    for number, line in enumerate(lines):
        mark = MARK.fullmatch(line)
        if mark is not None:
            count = int(mark[1] or 1)
            found.append(Block(number, tuple(lines[number + 1 : number + 1 + count]), mark[2] or ""))
    return found


def with_lines(text: str | None, lines: tuple[str, ...]) -> str:
    """The file with these lines at its end, unchanged if it has them; `text` None is a file that does not exist."""
    if text and any(block.lines == lines for block in blocks(text)):
        return text
    extra = MADE if text is None else ENDED if text and not text.endswith("\n") else ""
    count = "line is" if len(lines) == 1 else f"{len(lines)} lines are"
    before = "" if text is None else f"{text}\n" if extra else text
    return before + "\n".join((f"# vmlm-tui: the next {count} its own{extra}", *lines, ""))


def without_lines(text: str | None, lines: tuple[str, ...]) -> str | None:
    """The file without these lines, unchanged if it lacks them; None if the file is to be removed."""
    block = next((each for each in reversed(blocks(text or "")) if each.lines == lines), None)
    if text is None or block is None:
        return text
    all_lines = text.split("\n")
    before, after = all_lines[: block.start], all_lines[block.start + 1 + len(lines) :]
    if block.extra == ENDED and after == [""]:
        after = []
    rest = "\n".join((*before, *after))
    return None if block.extra == MADE and not rest else rest
