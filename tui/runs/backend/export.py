"""Writes runs to one file for other programs, for a document or for a browser, and never half of it."""

import os
import secrets
import stat
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tui.core.failure import Failure
from tui.core.quantity import size
from tui.runs.backend.export_text import CSV, JSON, LATEX, MARKDOWN, run_text, sample_text, usual_columns
from tui.runs.backend.report.page import report_text
from tui.runs.backend.report.picture import PDF, SVG, picture_of
from tui.runs.model.findings import counted
from tui.runs.model.run import Run


@dataclass(frozen=True)
class Kind:
    """What a file can have of runs; `name` is the proposed one of the file.

    `format` is empty for a report; `picture`: it is that of a picture of one run.
    """

    label: str
    name: str
    format: str = ""
    samples: bool = False
    picture: bool = False


KINDS = (
    Kind("CSV, a row a run", "runs.csv", CSV),
    Kind("CSV, a row a sample", "samples.csv", CSV, samples=True),
    Kind("JSON, an object a run", "runs.json", JSON),
    Kind("Markdown table", "runs.md", MARKDOWN),
    Kind("LaTeX table", "runs.tex", LATEX),
    Kind("HTML report with figures", "report.html"),
)


def kinds_of(runs: Sequence[Run]) -> tuple[Kind, ...]:
    """What a file can have of these runs: of one run also its picture."""
    if len(runs) != 1:
        return KINDS
    name = runs[0].folder.name
    pictures = [
        Kind(f"{form.upper()} picture for a paper", f"{name}.{form}", form, picture=True) for form in (SVG, PDF)
    ]
    return (*KINDS, *pictures)


@dataclass(frozen=True)
class Written:
    """What was written, as a sentence, and a sentence for each log that could not be read."""

    sentence: str
    unread: tuple[str, ...] = ()


class Exists(Failure):
    """The file exists, and nobody has agreed to replace it."""


class Stopped(Exception):
    """The export was stopped; nothing was written."""


class Export:
    """One export; `write` blocks, meanwhile `doing` is what it does, and `stop` stops it from another thread."""

    def __init__(self, runs: Sequence[Run], kind: Kind, path: Path, *, replace: bool = False) -> None:
        self.doing = f"Writing {path.name}"
        self._runs = sorted(runs, key=lambda run: run.sort_key, reverse=True)
        self._kind = kind
        self._path = path
        self._replace = replace
        self._stopped = threading.Event()
        self._numbers = {run.folder: number for number, run in enumerate(self._runs, 1)}
        self._reading: Run | None = None  # whose log is being read

    def stop(self) -> None:
        """Stop as soon as possible."""
        self._stopped.set()

    def write(self) -> Written:
        """Write the file and give it its name; Exists, Stopped, or another Failure leaves what was there."""
        unread = list[str]()
        try:
            path, mode = self._target()
            part = path.with_name(f".vmlm-{secrets.token_hex(8)}.part")
            part.touch(exist_ok=False)  # reports now if the folder refuses it
            part.unlink()
            content = self._content(path.parent, unread)
            first = next(content, b"")  # a report is drawn by then: if the program ends meanwhile, nothing is left
            self._check()
            try:
                with part.open("xb") as file:
                    file.write(first)
                    for each in content:
                        self._check()
                        file.write(each)
                if mode is not None:
                    part.chmod(mode)
                amount = size(part.stat().st_size)
                self._name(part, path)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            what = f"{self._path} could not be written"
            raise Failure(what, error.strerror or str(error), detail=str(error)) from error
        return Written(f"Written: {self._path}, {counted(len(self._runs), 'run')}, {amount}.", tuple(unread))

    def _target(self) -> tuple[Path, int | None]:
        """The file to write, which a link leads to, and its permissions if it exists."""
        path = self._path
        if not os.path.lexists(path):  # exists() is False for a dangling link
            return path, None
        target = Path(os.path.realpath(path))
        try:
            mode = target.stat().st_mode
        except FileNotFoundError:
            mode = None
        if mode is not None and stat.S_ISDIR(mode):
            raise Failure(f"{path} is a folder", "", "Add the name of a file.")
        if mode is not None and not stat.S_ISREG(mode):
            raise Failure(f"{path} is not a regular file", "", "Type another name.")
        if not self._replace:
            raise Exists(f"{path} exists")
        return target, None if mode is None else stat.S_IMODE(mode)

    def _name(self, part: Path, path: Path) -> None:
        """Give the finished file its name; a file of that name that has appeared meanwhile stays."""
        if not self._replace:
            try:
                path.touch(exist_ok=False)  # reserves the name also where there are no hard links
            except FileExistsError as error:
                raise Exists(f"{path} exists") from error
        part.replace(path)

    def _content(self, beside: Path, unread: list[str]) -> Iterator[bytes]:
        """The file in the folder `beside`, in pieces."""
        kind, runs = self._kind, self._runs
        if not kind.format:
            yield report_text(runs, beside, self._step).encode()
        elif kind.picture:
            self._step("Drawing the run")
            yield picture_of(runs, kind.format)
        elif kind.samples:
            yield from map(str.encode, sample_text(runs, kind.format, unread, self._seen))
        else:
            yield from map(str.encode, run_text(runs, kind.format, usual_columns(runs)))

    def _step(self, doing: str) -> None:
        """Note what is done next."""
        self._check()
        self.doing = doing

    def _seen(self, run: Run) -> None:
        """Note which log is being read."""
        self._check()
        if run is not self._reading:
            self._reading = run
            self.doing = f"Reading log {self._numbers[run.folder]} of {len(self._runs)}"

    def _check(self) -> None:
        if self._stopped.is_set():
            raise Stopped
