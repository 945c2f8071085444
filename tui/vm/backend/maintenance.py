"""The hosts in maintenance, over restarts, in a file beside the app's other state. Its calls block."""

import json
from collections.abc import Mapping
from pathlib import Path

from tui.core.clock import now
from tui.core.failure import Failure
from tui.core.json_text import parsed
from tui.core.regular_file import open_regular
from tui.core.settings import Config
from tui.vm.model.maintenance import Mark, Marks

NAME = "maintenance.json"
MOST_BYTES = 1 << 20


class Maintenance:
    """The marks are kept by the libvirt URI of the host, so that two configurations agree on them.

    Without a `path` no host is in maintenance.
    """

    def __init__(self, config: Config, path: Path | None = None) -> None:
        self._path = path
        self._uris = {host: config.hosts[host].libvirt for host in config.hypervisors}

    def marks(self) -> Marks:
        """The configured hosts in maintenance; raises Failure if the file cannot be read."""
        known = self._read()
        return {host: known[uri] for host, uri in self._uris.items() if uri in known}

    def mark(self, host: str, queue: str = "", since: str = "") -> None:
        """Mark a host, since now by default; one that is marked keeps its time. Raises Failure."""
        known, uri = self._read(), self._uris[host]
        since = known[uri].since if uri in known else since or now()
        self._write({**known, uri: Mark(since, queue)})

    def clear(self, host: str) -> None:
        """Take the mark off a host; raises Failure."""
        self._write({uri: each for uri, each in self._read().items() if uri != self._uris[host]})

    def _read(self) -> dict[str, Mark]:
        if self._path is None:
            return {}
        try:
            with open_regular(self._path) as file:
                found = parsed(file.read(MOST_BYTES).decode())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            hint = f"Remove {self._path}; then no host counts as in maintenance."
            raise Failure("Which hosts are in maintenance cannot be read", why, hint) from error
        marks = found.items() if isinstance(found, Mapping) else ()
        return {uri: _mark(each) for uri, each in marks if isinstance(each, Mapping)}

    def _write(self, marks: Mapping[str, Mark]) -> None:
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            new = self._path.with_suffix(".new")
            text = json.dumps({uri: {"since": each.since, "queue": each.queue} for uri, each in marks.items()})
            new.write_text(text, encoding="utf-8")
            new.replace(self._path)
        except OSError as error:
            what = "Which hosts are in maintenance cannot be written"
            raise Failure(what, f"{self._path}: {error.strerror or error}") from error


def _mark(fields: Mapping[str, object]) -> Mark:
    return Mark(str(fields.get("since", "")), str(fields.get("queue", "")))
