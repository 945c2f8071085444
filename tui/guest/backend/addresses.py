"""Remembers how each guest is reached, once a person or its seed has said so."""

import json
from collections.abc import Mapping
from pathlib import Path

from tui.core.failure import Failure
from tui.core.json_text import parsed
from tui.core.regular_file import read_regular

Known = dict[str, str]  # by VM name


class GuestAddresses:
    """The address and user of each guest, stored in a file; without a `path`, only until the app ends."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._read_at: int | None = None  # the file's time of change when it was read
        self._addresses: Known = {}
        self._users: Known = {}
        self._refresh()

    def of(self, name: str) -> str:
        """The address of a guest, "" if unknown."""
        self._refresh()
        return self._addresses.get(name, "")

    def user_of(self, name: str) -> str:
        """The user that the seed created in a guest, "" if unknown."""
        self._refresh()
        return self._users.get(name, "")

    def _refresh(self) -> None:
        """Read the file again if another process, the app or the runner, has changed it."""
        changed = _changed_at(self._path) if self._path else None
        if self._path is not None and changed is not None and changed != self._read_at:
            self._read_at = changed
            self._addresses, self._users = _read(self._path)

    def keep(self, name: str, address: str, user: str = "") -> None:
        """Store an address; an empty one removes the guest's entry. Failure if the file can't be written."""
        user = (user or self.user_of(name)) if address else ""
        self._addresses, self._users = _with(self._addresses, name, address), _with(self._users, name, user)
        if self._path is None:
            return
        new = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            new.write_text(json.dumps({"addresses": self._addresses, "users": self._users}, indent=1) + "\n")
            new.replace(self._path)
        except OSError as error:
            what, hint = f"{address} can't be saved in {self._path}", "It is kept until the app ends."
            if not address:
                what, hint = f"{name} can't be removed from {self._path}", "The old entry is used at the next start."
            raise Failure(what, error.strerror or str(error), hint) from error


def _changed_at(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None  # nothing was stored yet, or it cannot be read


def _with(known: Known, name: str, value: str) -> Known:
    others = {key: each for key, each in known.items() if key != name}
    return others | {name: value} if value else others


def _read(path: Path) -> tuple[Known, Known]:
    """Addresses and users; both empty if the file is missing or damaged. Older files contain only addresses."""
    try:
        found = parsed(read_regular(path).decode())
    except (OSError, ValueError):
        return {}, {}
    if isinstance(found, dict) and isinstance(found.get("addresses"), dict):
        return _texts(found["addresses"]), _texts(found.get("users"))
    return _texts(found), {}


def _texts(found: object) -> Known:
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, Mapping) else {}
