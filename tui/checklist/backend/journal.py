"""What the app has applied to hosts and how it is taken back: on disk before it is done, so a crash loses nothing."""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.core.clock import now
from tui.core.failure import Failure
from tui.linux.change import Action, Move, from_fields, to_fields

NO_JOURNAL = "Without it nothing is changed: it is what changes are undone from."
BEGUN, DONE, UNDONE = "begun", "done", "undone"


@dataclass(frozen=True)
class Entry:
    """A move that was begun for a step, on the host at an ssh address; `done`: it is known to have ended well."""

    id: int
    step: str
    address: str
    undo: tuple[Action, ...]
    done: bool = False


class Journal:
    """One file of JSON lines; a half last line, as a crash leaves it, is passed over."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[int, Entry] | None = None  # None until the file has been read, which waits for the first use
        self._unreadable = ""  # why it could not be: then nothing is known of earlier changes, and no new one is begun

    @property
    def _entries(self) -> dict[int, Entry]:
        if self._known is None:
            self._known = {}
            for fields in self._lines():
                with contextlib.suppress(KeyError, TypeError, ValueError):  # a line that somebody else has written
                    self._take(fields)
        return self._known

    def entries(self, step: str) -> tuple[Entry, ...]:
        """What of a step has not been taken back, the newest first: the order in which to do it."""
        return tuple(each for each in reversed(self._entries.values()) if each.step == step)

    def begin(self, step: str, address: str, move: Move) -> int:
        """Write down that a move begins; the number it has from then on."""
        number = max(self._entries, default=0) + 1
        if self._unreadable:
            raise Failure(f"{self._path} can't be read", self._unreadable, NO_JOURNAL)
        action, undo = to_fields(move.action), [to_fields(each) for each in move.undo]
        self._write({"kind": BEGUN, "id": number, "step": step, "address": address, "action": action, "undo": undo})
        return number

    def done(self, number: int) -> None:
        """It ended well."""
        self._write({"kind": DONE, "id": number})

    def undone(self, number: int) -> None:
        """It has been taken back, or nothing of it had come about."""
        self._write({"kind": UNDONE, "id": number})

    def _write(self, fields: dict[str, Any]) -> None:
        line = json.dumps({"at": now(), **fields}, ensure_ascii=True)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            half = self._path.exists() and self._path.stat().st_size and not self._path.read_bytes().endswith(b"\n")
            with self._path.open("ab") as file:
                file.write(b"\n" * bool(half) + line.encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise Failure(
                f"{self._path} can't be written",
                error.strerror or str(error),
                NO_JOURNAL,
            ) from error
        self._take(fields)

    def _take(self, fields: dict[str, Any]) -> None:
        number = int(fields["id"])
        if fields["kind"] == BEGUN:
            undo = tuple(from_fields(each) for each in fields["undo"])
            self._entries[number] = Entry(number, fields["step"], fields["address"], undo)
        elif fields["kind"] == DONE and number in self._entries:
            entry = self._entries[number]
            self._entries[number] = Entry(number, entry.step, entry.address, entry.undo, done=True)
        elif fields["kind"] == UNDONE:
            self._entries.pop(number, None)

    def _lines(self) -> Iterator[dict[str, Any]]:
        try:
            text = self._path.read_text(errors="replace")
        except FileNotFoundError:
            return
        except OSError as error:
            self._unreadable = error.strerror or str(error)
            return
        for line in text.splitlines():
            try:
                fields = json.loads(line)
            except ValueError:
                continue
            if isinstance(fields, dict):
                yield fields
