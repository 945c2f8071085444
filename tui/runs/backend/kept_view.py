"""Keeps the columns and the order of the Runs page for the user over restarts."""

import json
import threading
from pathlib import Path

from tui.core.failure import Failure
from tui.core.json_text import parsed
from tui.core.regular_file import open_regular
from tui.core.threads import on_thread
from tui.runs.model.view import View, parse_view

MAX_BYTES = 1 << 16


class KeptView:
    """The view stored in a file; without a `path`, it is not stored."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._newest = View()
        self._writing = threading.Lock()

    async def read(self) -> View:
        """The stored view, the default one if there is none; Failure if the file can't be used."""
        return await on_thread(self._read)

    async def keep(self, view: View) -> None:
        """Replace the stored view; Failure if it can't be written."""
        self._newest = view
        await on_thread(self._write)

    def _read(self) -> View:
        if self._path is None:
            return View()
        try:
            with open_regular(self._path) as file:
                data = file.read(MAX_BYTES + 1)
            if len(data) > MAX_BYTES:
                raise ValueError("it is larger than 64 KiB")
            return parse_view(parsed(data.decode()))
        except FileNotFoundError:
            return View()
        except (OSError, ValueError) as error:
            why = (error.strerror if isinstance(error, OSError) else None) or str(error)
            what = f"The columns in {self._path} can't be read"
            raise Failure(what, why, "The usual ones are shown; the next choice replaces the file.") from error

    def _write(self) -> None:
        """Write the newest view: of several calls at once, the last one may run first."""
        if self._path is None:
            return
        new = self._path.with_suffix(".new")
        with self._writing:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                new.write_text(json.dumps(self._newest.table) + "\n")
                new.replace(self._path)
            except OSError as error:
                what, hint = f"The columns can't be kept in {self._path}", "They stay until the app ends."
                raise Failure(what, error.strerror or str(error), hint) from error
