"""The hosts between which each VM was migrated last, over restarts: the form proposes one of them."""

import json
from collections.abc import Mapping
from pathlib import Path

from tui.core.log import log
from tui.core.regular_file import open_regular

MOST_BYTES = 1 << 20
MOST_HOSTS = 10  # of one VM


class LastTargets:
    """The hosts are in a file; without a `path`, or if that cannot be used, they are kept until the app ends."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known: dict[str, list[str]] | None = None

    def of(self, vm: str) -> list[str]:
        """The hosts of a VM, the newest first: the last target, then the host that it came from."""
        if self._known is None:
            self._known = self._read()
        return self._known.get(vm, [])

    def use(self, vm: str, origin: str, target: str) -> None:
        """Keep the hosts of a migration."""
        hosts = list(dict.fromkeys((target, origin, *self.of(vm))))[:MOST_HOSTS]
        if hosts == self.of(vm):
            return
        self._known = {**(self._known or {}), vm: hosts}
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            new = self._path.with_suffix(".new")
            new.write_text(json.dumps(self._known), encoding="utf-8")
            new.replace(self._path)
        except OSError as error:
            log.warning("The targets used last are not kept in %s: %s", self._path, error)

    def _read(self) -> dict[str, list[str]]:
        if self._path is None:
            return {}
        try:
            with open_regular(self._path) as file:
                found = json.loads(file.read(MOST_BYTES).decode())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            log.warning("The targets used last cannot be read: %s", error)
            return {}
        hosts = found.items() if isinstance(found, Mapping) else ()
        return {vm: [each for each in names if isinstance(each, str)] for vm, names in hosts if isinstance(names, list)}
