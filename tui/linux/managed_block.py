"""Lines of ours in a file of somebody else's: put in under a mark, and taken out so that the file is as it was.

The mark says how many lines follow, and what else has to go with them: the newline that the file's last line lacked, or
the file itself where there was none. Every other byte stays, whatever is done to the file in between.
"""

import re
from dataclasses import dataclass

MARK = re.compile(
    r"# vmlm-tui: the next (?:line is|(\d+) lines are) its own(; it (?:ended the line above|made the file))?"
)
ENDED = "; it ended the line above"
MADE = "; it made the file"


@dataclass(frozen=True)
class Block:
    """Our lines from line number `start` (of the mark, from 0) on."""

    start: int
    lines: tuple[str, ...]
    extra: str


def blocks(text: str) -> list[Block]:
    """What of the file is ours, from its beginning."""
    lines = text.split("\n")
    found = []
    for number, line in enumerate(lines):
        mark = MARK.fullmatch(line)
        if mark is not None:
            count = int(mark[1] or 1)
            found.append(Block(number, tuple(lines[number + 1 : number + 1 + count]), mark[2] or ""))
    return found


def with_lines(text: str | None, lines: tuple[str, ...]) -> str:
    """The file with these lines at its end, as it is where it has them already; None is a file that does not exist."""
    if text and any(block.lines == lines for block in blocks(text)):
        return text
    extra = MADE if text is None else ENDED if text and not text.endswith("\n") else ""
    count = "line is" if len(lines) == 1 else f"{len(lines)} lines are"
    before = "" if text is None else f"{text}\n" if extra else text
    return before + "\n".join((f"# vmlm-tui: the next {count} its own{extra}", *lines, ""))


def without_lines(text: str | None, lines: tuple[str, ...]) -> str | None:
    """The file as it was before; as it is where they are not in it; None where it should be no more."""
    block = next((each for each in reversed(blocks(text or "")) if each.lines == lines), None)
    if text is None or block is None:
        return text
    all_lines = text.split("\n")
    before, after = all_lines[: block.start], all_lines[block.start + 1 + len(lines) :]
    if block.extra == ENDED and after == [""]:
        after = []
    rest = "\n".join((*before, *after))
    return None if block.extra == MADE and not rest else rest
