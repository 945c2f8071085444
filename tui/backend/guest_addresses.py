"""How ssh reaches the guests of VMs that are not in the configuration: said once by a person, and kept."""

import json
from pathlib import Path

from tui.model.failure import Failure


class GuestAddresses:
    """By the VM's name, in a file of the app's own; without a path they are forgotten at the end."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known = _read(path) if path else {}

    def of(self, name: str) -> str:
        """The address, "" where nobody said it."""
        return self._known.get(name, "")

    def keep(self, name: str, address: str) -> None:
        """From now on; an empty address is forgotten. Failure where it can't be kept for the next start."""
        self._known = {key: value for key, value in self._known.items() if key != name}
        if address:
            self._known[name] = address
        if self._path is None:
            return
        new = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            new.write_text(json.dumps(self._known, indent=1) + "\n")
            new.replace(self._path)
        except OSError as error:
            what = f"{address} can't be kept in {self._path}"
            raise Failure(what, error.strerror or str(error), "It is known until the app ends.") from error


def _read(path: Path) -> dict[str, str]:
    """What was kept; a file that is missing or damaged holds nothing."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
