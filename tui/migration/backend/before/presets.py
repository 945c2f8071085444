"""The presets of the configuration for the form, and which one was used last, over restarts."""

from collections.abc import Mapping
from pathlib import Path

from tui.core.log import log
from tui.core.migration_defaults import MigrationDefaults
from tui.core.regular_file import open_regular

MOST_BYTES = 1000


class FormPresets:
    """The last name is in a file; without a `path`, or if that cannot be used, it is kept until the app ends."""

    def __init__(self, named: Mapping[str, MigrationDefaults], path: Path | None = None) -> None:
        self.named = named
        self._path = path
        self._name: str | None = None

    @property
    def last(self) -> str:
        """The one that was used last; "" if none was, or if the configuration has it no longer."""
        if self._name is None:
            self._name = self._read()
        return self._name if self._name in self.named else ""

    def after(self, name: str) -> str:
        """The next one; "" after the last one, for the form's own values."""
        names = ["", *self.named]
        return names[(names.index(name) + 1) % len(names)]

    def use(self, name: str) -> None:
        """Keep a name, or "" for no preset."""
        if name == self.last:
            return
        self._name = name
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            new = self._path.with_suffix(".new")
            new.write_text(name, encoding="utf-8")
            new.replace(self._path)
        except OSError as error:
            log.warning("The preset used last is not kept in %s: %s", self._path, error)

    def _read(self) -> str:
        if self._path is None:
            return ""
        try:
            with open_regular(self._path) as file:
                return file.read(MOST_BYTES).decode()
        except FileNotFoundError:
            return ""
        except (OSError, ValueError) as error:
            log.warning("The preset used last cannot be read: %s", error)
            return ""
