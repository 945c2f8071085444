"""The folder of one run: raw.jsonl and domjobinfo.txt grow with the records, run.toml is written at start and end."""

import contextlib
import errno
import os
import re
import shutil
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

import tomli_w

from tui.core.failure import Failure
from tui.core.file_lock import lock
from tui.core.log import log
from tui.migration.model import domjobinfo, record
from tui.migration.model.record import END, Record, Sample

RAW, TEXT, SUMMARY = "raw.jsonl", "domjobinfo.txt", "run.toml"
AFTERWARDS = "study.toml"  # of a run of a study: what is known only after the end of its run.toml
REFUSED_BYTES = 8 << 20  # kept in memory while the disk is full: three hours of samples
LOCK_LIMIT_S = 0.5  # a reader that probes the lock holds it briefly
BLOCK_BYTES = 128 << 10  # of the log, read at once: the log of a day has 100 MB
LONGEST_WORD = 80  # bytes of a VM's or a workload's name in the name of a folder, which has 255 at most


def folder_name(vm: str, workload: str, technique: str, began: datetime | None = None) -> str:
    """<UTC time>-<vm>-<workload>-<technique>; characters that a file name cannot have become underscores."""
    words = (_word(each) for each in (vm, workload.replace("-", "_"), technique))  # hyphens separate the words
    time = began.astimezone(timezone.utc) if began else datetime.now(timezone.utc)
    return "-".join((time.strftime("%Y%m%dT%H%M%SZ"), *words))


def _word(text: str) -> str:
    safe = re.sub(r"[^\w.+-]", "_", text).lstrip(".") or "_"
    return safe.encode()[:LONGEST_WORD].decode(errors="ignore")


class Recorder:
    """Appends records; a record is on disk when `write` returns.

    What a full disk refuses stays in memory, and each later `write` tries it again. A folder that was deleted is made
    again with all its lines. The folder is locked while it is open, so that two processes never write to one; the
    kernel releases the lock with the process, however it ends.
    """

    def __init__(self, folder: Path, raw: IO[bytes], text: IO[bytes]) -> None:
        self.folder = folder
        self.restored = False  # the folder was deleted and made again
        self._raw = raw
        self._reading = _reader(raw)  # for `read` on other threads
        self.size = raw.tell()  # bytes of raw.jsonl on disk
        self._text = text
        self._lock = threading.Lock()
        self._ended = False
        self._summary: Mapping[str, Any] = {}

    @classmethod
    def create(cls, runs: Path, name: str) -> "Recorder":
        """Create a new folder under `runs`; raises Failure."""
        try:
            runs.mkdir(parents=True, exist_ok=True)
            for folder in free_names(runs / name):
                try:
                    folder.mkdir()
                except FileExistsError:
                    continue
                return cls.open(folder)
        except OSError as error:
            raise Failure(
                f"The run cannot be recorded in {runs}",
                error.strerror or str(error),
                "Set another folder under [runs] in the configuration.",
            ) from error
        raise AssertionError("the names never run out")

    @classmethod
    def open(cls, folder: Path) -> "Recorder":
        """Continue in an existing folder; BlockingIOError if another process writes to it."""
        raw = _append_to(folder / RAW)
        try:
            lock(raw, LOCK_LIMIT_S)
            _end_half_line(folder / RAW, raw)
            return cls(folder, raw, _append_to(folder / TEXT))
        except OSError:
            raw.close()
            raise

    def write(self, each: Record) -> None:
        """Append one record, none after an end; OSError, such as a full disk, is the caller's to report."""
        line = record.to_line(each).encode(errors="replace") + b"\n"  # "replace": of names that are not UTF-8
        with self._lock:
            if self._raw.closed or self._ended:
                return
            self._ended = not isinstance(each, Sample) and each.kind == END
            self._raw.write(line)
            if isinstance(each, Sample):
                self._text.write(domjobinfo.text(each.stats).encode(errors="replace"))
            self._raw.flush()
            self.size = self._raw.tell()
            self._text.flush()
            if _is_deleted(self._raw) or _is_deleted(self._text):
                self._restore()

    def read(self, size: int) -> Iterator[list[str]]:
        """The lines in the first `size` bytes of raw.jsonl, in pieces, also of a deleted folder; each piece blocks."""
        return _lines(self._reading, size)  # open while it is referenced: a folder made again replaces it

    def summarize(self, summary: Mapping[str, Any]) -> None:
        """Replace run.toml atomically; OSError is the caller's to report."""
        if self._raw.closed:
            return
        self._summary = summary
        target, new = self.folder / SUMMARY, self.folder / f".{SUMMARY}.new"
        try:
            with new.open("wb") as file:
                tomli_w.dump(without_none(summary), file)
                file.flush()
                os.fsync(file.fileno())
            new.replace(target)
        except OSError:
            new.unlink(missing_ok=True)
            raise

    def sync(self) -> None:
        """Write all to disk; OSError if it is full."""
        with self._lock:
            for file in (self._raw, self._text):
                if not file.closed:
                    file.flush()
                    os.fsync(file.fileno())

    def close(self) -> None:
        """Sync all files to disk and release the folder; OSError if the disk is full, and the rest is lost."""
        with contextlib.ExitStack() as closing:
            for file in (self._raw, self._text):
                closing.callback(file.close)
            self.sync()

    def _restore(self) -> None:
        """Make the deleted folder again, with the lines so far, which the open files still have."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if _is_deleted(self._raw):
            self._raw = self._copied(self._raw, RAW)
            self._reading = _reader(self._raw)
        if _is_deleted(self._text):
            self._text = self._copied(self._text, TEXT)
        if self._summary:
            self.summarize(self._summary)
        self.restored = True

    def _copied(self, old: IO[bytes], name: str) -> IO[bytes]:
        """A new file with the data of a deleted one, which is closed; OSError if that is impossible now."""
        new = _append_to(self.folder / name)
        try:
            lock(new, LOCK_LIMIT_S)
            new.truncate(0)  # an earlier attempt that a full disk interrupted
            with _reader(old) as file:
                shutil.copyfileobj(file, new)
            new.flush()
        except OSError:
            _abandon(new)
            raise
        old.close()
        return new


def append_after_end(raw: Path, each: Record) -> int:
    """Append a record to the log of a run that has ended, or nothing; returns the size of the log. OSError if it can't.

    A log that was deleted meanwhile stays deleted.
    """
    line = record.to_line(each).encode(errors="replace") + b"\n"
    with raw.open("r+b", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        if file.write(line) < len(line):
            file.truncate(size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return size + len(line)


class NullRecorder:
    """Replaces the recorder of a running migration whose folder cannot be written: each write reports the reason."""

    def __init__(self, folder: Path, why: str) -> None:
        self.folder = folder
        self.restored = False
        self.size = 0
        self._why = why

    def write(self, each: Record) -> None:  # noqa: ARG002
        raise OSError(self._why)

    def read(self, size: int) -> Iterator[list[str]]:  # noqa: ARG002
        return iter(())

    def summarize(self, summary: Mapping[str, Any]) -> None:  # noqa: ARG002
        raise OSError(self._why)

    def sync(self) -> None:
        """Do nothing: no file is open."""

    def close(self) -> None:
        """Do nothing: no file is open."""


def _lines(file: IO[bytes], size: int) -> Iterator[list[str]]:
    """The complete lines in the first `size` bytes of a file, block by block."""
    position, incomplete = 0, b""
    while position < size:
        try:
            block = os.pread(file.fileno(), min(BLOCK_BYTES, size - position), position)
        except OSError as error:
            log.warning("%s cannot be read: %s", file.name, error)
            return
        if not block:
            return  # another program has truncated it
        position += len(block)
        *lines, incomplete = (incomplete + block).split(b"\n")
        yield [each.decode(errors="replace") for each in lines]


def without_none(value: Any) -> Any:
    """The tables without None, because TOML has no null."""
    if isinstance(value, Mapping):
        return {str(key): without_none(each) for key, each in value.items() if each is not None}
    return [without_none(each) for each in value if each is not None] if isinstance(value, list) else value


def _append_to(path: Path) -> IO[bytes]:
    return path.open("ab", buffering=REFUSED_BYTES)


def _is_deleted(file: IO[bytes]) -> bool:
    return os.fstat(file.fileno()).st_nlink == 0


def _abandon(file: IO[bytes]) -> None:
    """Close a file without what it could not write yet."""
    with contextlib.suppress(OSError):  # the caller raises what the disk reported
        file.close()


def _reader(file: IO[bytes]) -> IO[bytes]:
    """Another open file of the same data; by its descriptor, because the file may have been deleted."""
    return open(f"/proc/self/fd/{file.fileno()}", "rb")  # noqa: PTH123  # the caller closes it


def free_names(folder: Path) -> Iterator[Path]:
    """The path, then with -2, -3 and so on."""
    yield folder
    number = 2
    while True:
        yield folder.with_name(f"{folder.name}-{number}")
        number += 1


def _end_half_line(path: Path, raw: IO[bytes]) -> None:
    """End an incomplete last line, left by a crash, so that the next record starts a new one."""
    size = path.stat().st_size
    if size:
        with path.open("rb") as file:
            file.seek(size - 1)
            if file.read(1) != b"\n":
                raw.write(b"\n")
                raw.flush()
