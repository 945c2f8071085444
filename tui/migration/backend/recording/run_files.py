"""The raw log of a run: its records, its end, and whether a process still writes to it."""

import fcntl
from collections.abc import Iterable, Iterator
from pathlib import Path

from tui.core.regular_file import LARGE_READS, open_regular
from tui.migration.model.record import END, GUEST, Event, Record, from_line

LONGEST_END = 256 << 10  # bytes of the end with what follows it; no end is before them
# A guest that was silent for long sends all its newest lines at once, in guest.NEWEST_OUTPUT's 4000 bytes.
MOST_LINES = 1000  # the same in lines


def records_of(raw: Path) -> Iterator[Record | None]:
    """The record of each line of raw.jsonl, None for a broken one; skips an incomplete last line, left by a crash."""
    with open_regular(raw, LARGE_READS) as lines:
        for line in lines:
            try:
                yield from_line(line.decode(errors="replace"))
            except ValueError:
                if line.endswith(b"\n"):
                    yield None


def read_records(raw: Path) -> list[Record]:
    """All records of raw.jsonl, without broken lines."""
    return [each for each in records_of(raw) if each is not None]


def in_use(raw: Path) -> bool:
    """Whether a process, this one or another, writes to the run; False if it has no log."""
    try:
        with open_regular(raw) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def has_end(raw: Path) -> bool:
    """Whether the last line is an end, but for what came of the guest after it; reads only the last lines."""
    with open_regular(raw) as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - LONGEST_END))
        return ends(line.decode(errors="replace") for line in file.read().split(b"\n"))


def ends(lines: Iterable[str]) -> bool:
    """Whether these last lines of a log have its end, which only events of the guest follow."""
    for number, line in enumerate(reversed([line for line in lines if line])):
        try:
            each = from_line(line)
        except ValueError:
            if number:
                return False
            continue  # an incomplete line, left by a crash, is no end
        if not isinstance(each, Event) or each.kind != GUEST:
            return isinstance(each, Event) and each.kind == END
    return False
