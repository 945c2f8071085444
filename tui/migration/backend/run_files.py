"""The log of a run on disk: its records, and whether an app still writes into it."""

import fcntl
from collections.abc import Iterator
from pathlib import Path

from tui.migration.model.record import Record, from_line


def records_of(raw: Path) -> Iterator[Record | None]:
    """Each line of a raw.jsonl, None where it holds no record; half a last line, which a crash leaves, is left out."""
    with raw.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                yield from_line(line)
            except ValueError:
                if line.endswith("\n"):
                    yield None


def read_records(raw: Path) -> list[Record]:
    """All records of a raw.jsonl; lines that hold none are left out."""
    return [each for each in records_of(raw) if each is not None]


def in_use(raw: Path) -> bool:
    """Whether an app, this one or another, writes into the run; False where it has no log."""
    try:
        with raw.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
