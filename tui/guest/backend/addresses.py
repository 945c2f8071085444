"""How the guests of VMs are reached that a person or a seed said it of: once, and it is kept."""

import json
from collections.abc import Mapping
from pathlib import Path

from tui.core.failure import Failure

Known = dict[str, str]  # by the VM's name


class GuestAddresses:
    """Addresses, and who may log in, in a file of the app's own; without a path they are forgotten at the end."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._addresses, self._users = _read(path) if path else ({}, {})

    def of(self, name: str) -> str:
        """The address, "" where nobody said it."""
        return self._addresses.get(name, "")

    def user_of(self, name: str) -> str:
        """Whom a VM was made for, "" where that is not known."""
        return self._users.get(name, "")

    def keep(self, name: str, address: str, user: str = "") -> None:
        """From now on; an empty address is forgotten, and so is the user with it. Failure where it can't be kept."""
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
            what, hint = f"{address} can't be kept in {self._path}", "It is known until the app ends."
            if not address:
                what, hint = (
                    f"{name} can't be taken out of {self._path}",
                    "What that says of it counts at the next start.",
                )
            raise Failure(what, error.strerror or str(error), hint) from error


def _with(known: Known, name: str, value: str) -> Known:
    others = {key: each for key, each in known.items() if key != name}
    return others | {name: value} if value else others


def _read(path: Path) -> tuple[Known, Known]:
    """What was kept; a file that is missing or damaged holds nothing. An older one has addresses alone."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}, {}
    if isinstance(found, dict) and isinstance(found.get("addresses"), dict):
        return _texts(found["addresses"]), _texts(found.get("users"))
    return _texts(found), {}


def _texts(found: object) -> Known:
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, Mapping) else {}
