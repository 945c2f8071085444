"""The recorded runs of one folder: list them, open one."""

import sys
from dataclasses import dataclass
from pathlib import Path

from tui.core.failure import Failure
from tui.core.regular_file import read_regular
from tui.core.threads import on_thread
from tui.migration.backend.recorder import RAW, SUMMARY
from tui.migration.backend.run_files import has_end, in_use, records_of
from tui.migration.model.timeline import Timeline
from tui.runs.model.run import RUNNING, Run, broken_run, parse_run

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Stamp = tuple[int, int]  # time of change and size: equal if the file has not changed


@dataclass(frozen=True)
class OpenRun:
    """A run with its log; `problem` is what of the log could not be read, empty if nothing."""

    run: Run
    timeline: Timeline
    records: int
    raw: Path
    problem: str = ""


class Runs:
    """Reads on threads, because there may be thousands of runs and logs of 100 MB; changes nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[Path, tuple[Stamp, Run]] = {}

    async def list(self) -> tuple[Run, ...]:
        """All runs, the newest first, with broken ones; Failure if the folder itself can't be read."""
        return await on_thread(self._list)

    async def open(self, run: Run) -> OpenRun:
        """The run with its log; Failure if there is no log."""
        return await on_thread(_open, run)

    def _list(self) -> tuple[Run, ...]:
        try:
            folders = [each for each in self.folder.iterdir() if each.is_dir() and not each.name.startswith(".")]
        except FileNotFoundError:
            return ()  # nothing has been recorded yet
        except OSError as error:
            raise Failure(
                f"The runs in {self.folder} can't be listed",
                error.strerror or str(error),
                "Check the folder under [runs] in the configuration.",
            ) from error
        runs = [self._run(folder) for folder in folders]
        return tuple(
            sorted(runs, key=lambda run: (run.began.timestamp() if run.began else 0.0, run.folder), reverse=True)
        )

    def _run(self, folder: Path) -> Run:
        try:
            status = (folder / SUMMARY).stat()
            stamp = (status.st_mtime_ns, status.st_size)
            known = self._known.get(folder)
            if known is not None and known[0] == stamp and known[1].outcome != "under way":
                return known[1]
            tables = tomllib.loads(read_regular(folder / SUMMARY).decode())
            running, raw = tables.get("outcome") == RUNNING, folder / RAW
            run = parse_run(
                folder, tables, in_use=running and in_use(raw), ended=running and raw.exists() and has_end(raw)
            )
        except FileNotFoundError:
            return broken_run(folder, f"It has no {SUMMARY}.")
        except (OSError, ValueError, RecursionError) as error:  # ValueError: no TOML, no UTF-8
            reason = " ".join(str(error).split())
            return broken_run(folder, f"Its {SUMMARY} can't be read: {reason}")
        self._known[folder] = stamp, run
        return run


def _open(run: Run) -> OpenRun:
    raw = run.folder / RAW
    timeline, records, broken = Timeline(), 0, 0
    try:
        for each in records_of(raw):
            try:
                if each is None:
                    broken += 1
                else:
                    timeline.add(each)
                    records += 1
            except (ValueError, KeyError, TypeError, AttributeError):  # a record with data of another type
                broken += 1
    except OSError as error:
        raise Failure(
            f"The log of {run.folder.name} can't be read", error.strerror or str(error), detail=str(raw)
        ) from error
    problem = f"{broken} line{'' if broken == 1 else 's'} of the log could not be read." if broken else ""
    return OpenRun(run, timeline, records, raw, problem)
