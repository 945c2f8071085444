"""Reads the recorded runs of one folder, and the log of one of them. Blocks; for the command line and for threads."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.core.failure import Failure
from tui.core.regular_file import read_regular
from tui.migration.backend.recording.recorder import AFTERWARDS, RAW, SUMMARY
from tui.migration.backend.recording.run_files import has_end, in_use, records_of
from tui.migration.model.record import RUNNING
from tui.migration.model.timeline import Timeline
from tui.runs.backend.notes import NOTE, read_annotation
from tui.runs.model.parse import broken_run, parse_run
from tui.runs.model.pass_table import PassRow, PassTable
from tui.runs.model.run import UNDER_WAY, Run

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Stamp = tuple[int, ...]  # times of change and sizes: equal if the files have not changed


@dataclass(frozen=True)
class OpenRun:
    """A run with its log; `problem` is what of the log could not be read, empty if nothing."""

    run: Run
    timeline: Timeline
    records: int
    raw: Path
    passes: tuple[PassRow, ...] = ()
    problem: str = ""


class RunReader:
    """Lists the runs; what has not changed since the last list is not read again. Changes nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[Path, tuple[Stamp, Run]] = {}

    def list(self) -> tuple[Run, ...]:
        """All runs, the newest first, with broken ones; Failure if the folder itself can't be read."""
        runs = [self.read(folder) for folder in folders_of(self.folder)]
        return tuple(sorted(runs, key=lambda run: run.sort_key, reverse=True))

    def read(self, folder: Path) -> Run:
        """The run in a folder; what is damaged is its problem."""
        try:
            stamp = tuple(each for name in (SUMMARY, AFTERWARDS, NOTE) for each in stamp_of(folder / name))
            known = self._known.get(folder)
            if known is not None and known[0] == stamp and known[1].outcome != UNDER_WAY:
                return known[1]
            run = _run(folder)
        except FileNotFoundError:
            return broken_run(folder, f"It has no {SUMMARY}.", read_annotation(folder))
        except (OSError, ValueError, RecursionError) as error:  # ValueError: no TOML, no UTF-8
            reason = " ".join(str(error).split())
            return broken_run(folder, f"Its {SUMMARY} can't be read: {reason}", read_annotation(folder))
        self._known[folder] = stamp, run
        return run


def folders_of(runs: Path) -> list[Path]:
    """The folders in the folder of the runs; Failure if it can't be read."""
    try:
        return [each for each in runs.iterdir() if each.is_dir() and not each.name.startswith(".")]
    except FileNotFoundError:
        return []  # nothing has been recorded yet
    except OSError as error:
        raise Failure(
            f"The runs in {runs} can't be listed",
            error.strerror or str(error),
            "Check the folder under [runs] in the configuration.",
        ) from error


def open_run(run: Run) -> OpenRun:
    """The run with its log; Failure if there is no log."""
    raw = run.folder / RAW
    table, records, broken = PassTable(), 0, 0
    try:
        for each in records_of(raw):
            try:
                if each is None:
                    broken += 1
                else:
                    table.add(each)
                    records += 1
            except (ValueError, KeyError, TypeError, AttributeError):  # a record with data of another type
                broken += 1
    except OSError as error:
        raise Failure(
            f"The log of {run.folder.name} can't be read", error.strerror or str(error), detail=str(raw)
        ) from error
    problem = f"{broken} line{'' if broken == 1 else 's'} of the log could not be read." if broken else ""
    return OpenRun(run, table.timeline, records, raw, table.rows, problem)


def _run(folder: Path) -> Run:
    tables = tomllib.loads(read_regular(folder / SUMMARY).decode())
    running, raw = tables.get("outcome") == RUNNING, folder / RAW
    ended = running and raw.exists() and has_end(raw)
    annotation = read_annotation(folder)
    now, after = running and in_use(raw), _afterwards(folder)
    return parse_run(folder, tables, in_use=now, ended=ended, annotation=annotation, after=after)


def _afterwards(folder: Path) -> Mapping[str, Any]:
    """The tables of study.toml; empty for a run without one. One that can't be read has a problem."""
    try:
        return tomllib.loads(read_regular(folder / AFTERWARDS).decode())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:  # ValueError: no TOML, no UTF-8
        return {"problem": f"Its {AFTERWARDS} can't be read: {' '.join(str(error).split())}"}


def stamp_of(path: Path) -> Stamp:
    """The time of change and the size of a file; zeros if there is none."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size
