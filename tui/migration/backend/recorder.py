"""One run's folder: raw.jsonl and domjobinfo.txt as the records arrive, run.toml at both ends."""

import contextlib
import fcntl
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

import tomli_w

from tui.core.failure import Failure
from tui.migration.model import domjobinfo, record
from tui.migration.model.record import END, Record, Sample

RAW, TEXT, SUMMARY = "raw.jsonl", "domjobinfo.txt", "run.toml"
LOOK_S = 0.5

LONGEST_WORD = 80  # bytes of a VM's or a workload's name in a folder's, which may have 255


def folder_name(vm: str, workload: str, technique: str) -> str:
    """<UTC time>-<vm>-<workload>-<technique>; what a file name cannot hold becomes an underscore."""
    words = (_word(each) for each in (vm, workload.replace("-", "_"), technique))  # the hyphens tell them apart
    return "-".join((datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ"), *words))


def _word(text: str) -> str:
    safe = re.sub(r"[^\w.+-]", "_", text).lstrip(".") or "_"
    return safe.encode()[:LONGEST_WORD].decode(errors="ignore")


class Recorder:
    """Appends records from any thread; a record is on disk when `write` returns.

    The folder is locked for as long as it is written to, so that two apps never write into one; the kernel drops
    the lock with the process, however it ends.
    """

    def __init__(self, folder: Path, raw: IO[bytes], text: IO[bytes]) -> None:
        self.folder = folder
        self._raw = raw
        self._text = text
        self._lock = threading.Lock()
        self._ended = False

    @classmethod
    def create(cls, runs: Path, name: str) -> "Recorder":
        """Make a new folder under `runs`; raises Failure."""
        try:
            runs.mkdir(parents=True, exist_ok=True)
            for folder in _free_names(runs / name):
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
        """Go on in a folder that exists; BlockingIOError where another process writes into it."""
        raw = (folder / RAW).open("ab")
        try:
            _lock(raw)
            _end_half_line(folder / RAW, raw)
            return cls(folder, raw, (folder / TEXT).open("ab"))
        except OSError:
            raw.close()
            raise

    def write(self, each: Record) -> None:
        """Append one record; OSError (a full disk) is the caller's to show. Nothing comes after an end."""
        line = record.to_line(each).encode() + b"\n"
        with self._lock:
            if self._raw.closed or self._ended:
                return
            self._ended = not isinstance(each, Sample) and each.kind == END
            self._raw.write(line)
            self._raw.flush()
            if isinstance(each, Sample):
                self._text.write(domjobinfo.text(each.stats).encode())
                self._text.flush()

    def summarize(self, summary: Mapping[str, Any]) -> None:
        """Write run.toml anew, whole or not at all; OSError is the caller's to show."""
        if self._raw.closed:
            return
        target, new = self.folder / SUMMARY, self.folder / f".{SUMMARY}.new"
        with new.open("wb") as file:
            tomli_w.dump(without_none(summary), file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(target)

    def close(self) -> None:
        """Put everything on the disk itself, and let go of the folder; OSError where the disk is full."""
        with self._lock, contextlib.ExitStack() as closed_anyhow:
            for file in (self._raw, self._text):
                if not file.closed:
                    closed_anyhow.callback(file.close)
            for file in (self._raw, self._text):
                if not file.closed:
                    file.flush()
                    os.fsync(file.fileno())


class NullRecorder:
    """In a recorder's place where none can be had for a migration that runs: it can be steered, and every write says
    why it is not on the disk."""

    def __init__(self, folder: Path, why: str) -> None:
        self.folder = folder
        self._why = why

    def write(self, each: Record) -> None:  # noqa: ARG002
        raise OSError(self._why)

    def summarize(self, summary: Mapping[str, Any]) -> None:  # noqa: ARG002
        raise OSError(self._why)

    def close(self) -> None:
        """Nothing is open."""


def without_none(value: Any) -> Any:
    """TOML has no null: what is not known is left out."""
    if isinstance(value, Mapping):
        return {str(key): without_none(each) for key, each in value.items() if each is not None}
    return value


def _free_names(folder: Path) -> Iterator[Path]:
    yield folder
    number = 2
    while True:
        yield folder.with_name(f"{folder.name}-{number}")
        number += 1


def _lock(file: IO[bytes]) -> None:
    """Take the folder; one who only looks whether it is in use holds it for a moment, and is waited for."""
    until = time.monotonic() + LOOK_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise
            time.sleep(LOOK_S / 20)
        else:
            return


def _end_half_line(path: Path, raw: IO[bytes]) -> None:
    """A crash may have left half a line; what follows starts on a line of its own."""
    size = path.stat().st_size
    if size:
        with path.open("rb") as file:
            file.seek(size - 1)
            if file.read(1) != b"\n":
                raw.write(b"\n")
                raw.flush()
