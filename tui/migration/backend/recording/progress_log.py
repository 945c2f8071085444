"""The log of what a study or a queue has done, in its folder: it only grows, and one process at a time writes it."""

import contextlib
import json
import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from tui.core.clock import now
from tui.core.failure import Failure
from tui.core.file_lock import lock
from tui.core.json_text import parsed
from tui.core.regular_file import read_regular
from tui.migration.backend.recording.recorder import free_names

PROGRESS = "progress.jsonl"
STAMP = "%Y%m%dT%H%M%SZ"  # of the time at which it began, in the name of its folder
LOCK_LIMIT_S = 0.5
CLOSE_LIMIT_S = 2.0  # for a write under way


class ProgressLog:
    """The locked log of the folder of a `what`, such as "study". Its calls block."""

    def __init__(self, file: IO[bytes], what: str) -> None:
        self._file = file
        self._what = what
        self._writing = threading.Lock()

    @classmethod
    def open(cls, folder: Path, what: str) -> "ProgressLog":
        """Continue a log; raises Failure, also if another process works on it."""
        try:
            file = (folder / PROGRESS).open("ab")
            lock(file, LOCK_LIMIT_S)
            if file.tell() and not read_regular(folder / PROGRESS).endswith(b"\n"):
                file.write(b"\n")  # ends a line that a crash cut
        except BlockingIOError as error:
            raise Failure(f"The {what} {folder.name} is under way", "another process works on it") from error
        except OSError as error:
            raise Failure(f"The {what} {folder.name} cannot be continued", error.strerror or str(error)) from error
        return cls(file, what)

    def append(self, kind: str, **fields: Any) -> None:
        """Write one entry; it is on disk when this returns. Raises Failure."""
        entry = {"do": kind, "at": now(), **fields}
        line = f"{json.dumps(entry, ensure_ascii=False)}\n".encode()
        try:
            with self._writing:
                self._file.write(line)
                self._file.flush()
                os.fsync(self._file.fileno())
        except OSError as error:
            what = f"The progress of the {self._what} cannot be written"
            raise Failure(what, error.strerror or str(error)) from error

    def close(self) -> None:
        """Release the lock, which the kernel would keep until a sync under way is done."""
        written = self._writing.acquire(timeout=CLOSE_LIMIT_S)
        with contextlib.suppress(OSError):  # what the disk refused was reported by `append`
            self._file.close()
        if written:
            self._writing.release()


def entries_of(data: bytes) -> Iterable[Mapping[str, Any]]:
    """The entries of a log; lines that are none are left out, such as the last one if a crash cut it."""
    for line in data.decode(errors="replace").split("\n"):
        try:
            entry = parsed(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            yield entry


def new_folder(folder: Path) -> Path:
    """A new folder of that name, or with -2, -3 and so on; raises OSError."""
    for each in free_names(folder):
        try:
            each.mkdir()
        except FileExistsError:
            continue
        return each
    raise AssertionError("the names never run out")


def write_new(path: Path, text: str) -> None:
    """Write a file that does not exist yet; it is on disk when this returns. Raises OSError."""
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
