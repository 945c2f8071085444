"""The paper of a chart: rows of characters, and the ink of each."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len

# An ink is the role of a character, which the widget maps to a style. The curve of series n has the ink SERIES + n.
BLANK, FRAME, TITLE, LABEL, SIGN, LEVEL, EMPTY, BAND, CURSOR, AREA_HIGHER, OTHER_HIGHER, AHEAD = range(12)
SERIES = 16
ON_AREA = 128  # added to an ink: the character is drawn on an area, whose colour fills the rest of its cell

FULL = "█"
EIGHTHS = " ▁▂▃▄▅▆▇█"  # by eighths of a cell that are filled from its bottom

MERGE = 3  # rewriting so many unchanged characters costs fewer bytes than moving the cursor over them


@dataclass(frozen=True)
class Row:
    """One line of the chart; `inks` has a byte for each character."""

    text: str
    inks: bytes

    def runs(self, start: int = 0, end: int | None = None) -> Iterator[tuple[str, int]]:
        """The characters of columns start to end in runs of one ink; blanks join a run beside them, except on areas."""
        end = len(self.text) if end is None else end
        if start >= end:
            return
        begin, ink = start, self.inks[start]
        for column in range(start + 1, end):
            here = self.inks[column]
            if here == ink or (here == BLANK and ink < ON_AREA):
                continue
            if ink == BLANK and here < ON_AREA:
                ink = here
                continue
            yield self.text[begin:column], ink
            begin, ink = column, here
        yield self.text[begin:end], ink

    def changes(self, other: "Row") -> list[tuple[int, int]]:
        """The ranges (start, end) in which another row of the same length differs."""
        found: list[tuple[int, int]] = []
        for column, (a, b, c, d) in enumerate(zip(self.text, other.text, self.inks, other.inks, strict=True)):
            if a == b and (c == d or a == " "):
                continue
            if found and column - found[-1][1] <= MERGE:
                found[-1] = (found[-1][0], column + 1)
            else:
                found.append((column, column + 1))
        return found


class Paper:
    """A chart while it is being composed."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.text = [[" "] * width for _ in range(height)]
        self.inks = [bytearray(width) for _ in range(height)]

    def put(self, column: int, row: int, text: str, ink: int) -> None:
        """Write the text over what is there; characters outside the paper are dropped."""
        for at, character in enumerate(text, column):
            if 0 <= at < self.width and 0 <= row < self.height:
                self.text[row][at] = character
                self.inks[row][at] = ink if character != " " else BLANK

    def fill(self, column: int, row: int, character: str, ink: int) -> None:
        """Write the character if its place is blank or in a gap, or inside an area, which then remains filled."""
        if not (0 <= column < self.width and 0 <= row < self.height):
            return
        if self.text[row][column] == " " or self.inks[row][column] in (AREA_HIGHER, OTHER_HIGHER):
            self.put(column, row, character, ink)
        elif self.text[row][column] == FULL:
            self.put(column, row, character, ink | ON_AREA)

    def write_blank(self, column: int, row: int, text: str, ink: int) -> None:
        """Write the text if all of its place is blank."""
        if 0 <= row < self.height and self.text[row][column : column + len(text)] == [" "] * len(text):
            self.put(column, row, text, ink)

    def rows(self) -> tuple[Row, ...]:
        """All rows, from the top."""
        return tuple(Row("".join(text), bytes(inks)) for text, inks in zip(self.text, self.inks, strict=True))


def one_cell_each(text: str) -> str:
    """The text with "?" for each character that is not one column wide or moves the cursor."""
    return "".join(each if each.isprintable() and cell_len(each) == 1 else "?" for each in text)
