"""The journal of changes: how to undo each is on disk before it is applied, so that a crash loses nothing.

Several apps may share the file: each allocates ids from it under a lock, and reads it again when it has changed.
"""

import contextlib
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from tui.core.clock import now
from tui.core.failure import Failure
from tui.core.file_lock import lock
from tui.core.json_text import parsed
from tui.core.regular_file import read_regular
from tui.linux.change import Action, Move, from_fields, to_fields

NO_JOURNAL = "The app changes nothing without it, because undo needs it."
BEGUN, DONE, UNDONE = "begun", "done", "undone"
MOST_ID = 1 << 53
LOCK_LIMIT_S = 2.0  # another app holds the lock for one write

log = logging.getLogger("tui.journal")


@dataclass(frozen=True)
class Entry:
    """A move that was begun for a step, on the host at an ssh address; `done` if it is known to have succeeded."""

    id: int
    step: str
    address: str
    undo: tuple[Action, ...]
    done: bool = False


@dataclass(frozen=True)
class Contents:
    """What a journal records: the moves that were not undone, the oldest first, and the highest id ever used.

    `unread` has the number and the fault of each invalid line.
    """

    entries: tuple[Entry, ...] = ()
    last_id: int = 0
    unread: tuple[str, ...] = ()


class Journal:
    """One file of JSON lines; invalid lines stay in it, and `problem` reports them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, ...] = ()  # inode, size and mtime when the file was last read
        self._known = Contents()
        self._problem = ""

    def entries(self, step: str) -> tuple[Entry, ...]:
        """The entries of a step that no app has undone, the newest first: the order in which to undo them."""
        self._refresh()
        return tuple(each for each in reversed(self._known.entries) if each.step == step)

    @property
    def steps(self) -> frozenset[str]:
        """The steps that have entries."""
        self._refresh()
        return frozenset(each.step for each in self._known.entries)

    @property
    def revision(self) -> tuple[int, ...]:
        """Differs when the file has changed, whichever app wrote it."""
        self._refresh()
        return self._stamp

    @property
    def problem(self) -> str:
        """Which lines are invalid and what to do; empty where none is."""
        self._refresh()
        return self._problem

    def _refresh(self) -> None:
        """Read the file if it has changed."""
        problem = ""
        try:
            status = self._path.stat()
            stamp = (status.st_ino, status.st_size, status.st_mtime_ns)
            if stamp == self._stamp:
                return
            self._known, self._stamp = parse_journal(read_regular(self._path)), stamp
            if self._known.unread:
                problem = _problem_of(self._path, self._known.unread)
        except FileNotFoundError:
            pass  # nothing was applied yet
        except OSError as error:
            self._stamp = ()
            problem = f"{self._path} can't be read: {error.strerror or error}. The changes in it can't be undone."
        if problem and problem != self._problem:
            log.warning("%s", "\n".join((problem, *self._known.unread)))
        self._problem = problem

    def begin(self, step: str, address: str, move: Move) -> int:
        """Record that a move begins; returns its id."""
        action, undo = to_fields(move.action), [to_fields(each) for each in move.undo]
        with self._locked() as file:
            number = parse_journal(_whole(file)).last_id + 1
            entry = {"id": number, "step": step, "address": address, "action": action, "undo": undo}
            _append(file, {"kind": BEGUN, **entry})
        return number

    def done(self, number: int) -> None:
        """Record that the move succeeded."""
        with self._locked() as file:
            _append(file, {"kind": DONE, "id": number})

    def undone(self, entry: Entry) -> None:
        """Record that the move was undone, or had no effect."""
        with self._locked() as file:
            _append(file, {"kind": UNDONE, "id": entry.id, "step": entry.step, "address": entry.address})

    @contextlib.contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        """The file, locked against other apps."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a+b") as file:
                _lock(file, self._path)
                yield file
        except OSError as error:
            raise Failure(f"{self._path} can't be written", error.strerror or str(error), NO_JOURNAL) from error


def parse_journal(data: bytes) -> Contents:
    """The contents of the file; an incomplete last line, left by a crash, is ignored: its move never ran."""
    entries: list[Entry] = []
    last_id, unread = 0, []
    lines = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            fields = _fields(line)
            last_id = max(last_id, fields["id"])
            _apply(entries, fields)
        except ValueError as error:
            if number < len(lines):
                unread.append(f"line {number}: {error}")
    return Contents(tuple(entries), last_id, tuple(unread))


def _problem_of(path: Path, unread: Sequence[str]) -> str:
    one = len(unread) == 1
    what = f"{len(unread)} line{'' if one else 's'} of {path} can't be read ({unread[0]}{'' if one else ', ...'})"
    return f"{what}. A change in {'it' if one else 'them'} can't be undone here; correct or remove it in the file."


def _fields(line: bytes) -> Mapping[str, Any]:
    try:
        fields = parsed(line.decode())
    except ValueError as error:  # no JSON, no UTF-8
        raise ValueError("it is not JSON") from error
    if not isinstance(fields, dict):
        raise ValueError("it is not a JSON object")
    if type(fields.get("id")) is not int or not 0 < fields["id"] < MOST_ID:
        raise ValueError("its id is not a number")
    return fields


def _apply(entries: list[Entry], fields: Mapping[str, Any]) -> None:
    """Apply one line to the entries; ValueError where it is invalid.

    Two apps of version 0.1 could use one id for two moves. Their `undone` means the newest of these; later versions
    also write the step and the address.
    """
    number, kind = fields["id"], fields.get("kind")
    if kind == BEGUN:
        undo, step, address = (fields.get(name) for name in ("undo", "step", "address"))
        if not isinstance(undo, list) or not isinstance(step, str) or not isinstance(address, str):
            raise ValueError("it has no step, no address or no list of undo actions")
        entries.append(Entry(number, step, address, tuple(map(from_fields, undo))))
        return
    if kind not in (DONE, UNDONE):
        raise ValueError("its kind is unknown")
    matches = [at for at, entry in enumerate(entries) if entry.id == number and _concerns(fields, entry)]
    if kind == DONE:
        for at in [at for at in matches if not entries[at].done][:1]:
            entries[at] = replace(entries[at], done=True)
    elif matches:
        del entries[matches[-1]]


def _concerns(fields: Mapping[str, Any], entry: Entry) -> bool:
    return (fields.get("step", entry.step), fields.get("address", entry.address)) == (entry.step, entry.address)


def _lock(file: BinaryIO, path: Path) -> None:
    try:
        lock(file, LOCK_LIMIT_S)
    except BlockingIOError:
        why = f"another process has locked it for {LOCK_LIMIT_S:g} s"
        raise Failure(f"{path} can't be written", why, f"{NO_JOURNAL} `fuser {path}` names it.") from None


def _whole(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


def _append(file: BinaryIO, fields: Mapping[str, Any]) -> None:
    line = json.dumps({"at": now(), **fields}, ensure_ascii=True)
    before = _whole(file)
    half = bool(before) and not before.endswith(b"\n")
    file.write(b"\n" * half + line.encode() + b"\n")
    file.flush()
    os.fsync(file.fileno())
