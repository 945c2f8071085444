"""Imports a log of `virsh domjobinfo` that others wrote: each migration in it becomes a run."""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, BinaryIO

import tomli_w

from tui.core.clock import now
from tui.core.failure import Failure
from tui.core.plain_text import plain
from tui.core.plan import POST_COPY, UNKNOWN
from tui.core.regular_file import read_regular
from tui.migration.backend.recording.recorder import SUMMARY, Recorder, folder_name, free_names, without_none
from tui.migration.backend.recording.run_summary import figures
from tui.migration.model.record import Record
from tui.migration.model.timeline import LOST, Timeline
from tui.runs.backend.log_source import LogSource, open_log
from tui.runs.backend.notes import NOTE
from tui.runs.model.domjobinfo_log import LogReader, Oddity
from tui.runs.model.imported import (
    FILE,
    GIVEN,
    IMPORT,
    LOG,
    MigrationRecords,
    imported_words,
    iso,
)
from tui.runs.model.log_split import ENDED, RESULT, Part, Splitter

ORIGINAL = "original.txt"  # the lines of the log, as they were
SCRATCH = ".import-"  # folders that begin with a dot are no runs

EXPECTED = 'Expected are outputs of `virsh domjobinfo VM`, with lines such as "Job type: Unbounded" and '
EXPECTED += '"Time elapsed: 1234 ms", or of `virsh domjobinfo VM --rawstats`.'
PROGRESS_LINES = 50_000  # about a second
TRANSLATED = 3  # unknown labels with a unit in each output; fewer may be new fields


@dataclass(frozen=True)
class Given:
    """What a person says about the log; empty if unknown."""

    vm: str = ""
    workload: str = ""
    technique: str = ""
    origin: str = ""
    target: str = ""
    note: str = ""
    interval_s: float | None = None
    began: datetime | None = None


@dataclass(frozen=True)
class ImportedRun:
    """A run that was written, with the tables of its run.toml."""

    folder: Path
    summary: Mapping[str, Any]

    @property
    def words(self) -> str:
        """Where it comes from, and what is not known."""
        return imported_words(self.summary["imported"])


@dataclass(frozen=True)
class Imported:
    """The runs of one log, the lines that were not understood, and the outputs of other jobs that were left out."""

    runs: tuple[ImportedRun, ...]
    oddities: Sequence[Oddity]
    not_understood: int
    other_jobs: int


@dataclass
class _Draft:
    """A run that is being written into a scratch folder."""

    folder: Path
    records: MigrationRecords
    recorder: Recorder
    timeline: Timeline
    offset_s: float  # since the start of the log
    oddities: int
    follows: str = ""


def import_log(
    name: str,
    stdin: BinaryIO,
    runs: Path,
    given: Given,
    *,
    again: bool = False,
    progress: Callable[[int], object] = lambda _: None,
) -> Imported:
    """Import a file, or the standard input if the name is "-"; raises Failure, and then no run was written.

    `progress` is called now and then with the number of lines that were read.
    """
    with open_log(name, stdin) as source:
        if not again and (known := _imported_before(runs, source.sha256)) is not None:
            raise Failure(f"{name} was imported before", f"its run is {known.name}", "--again imports it once more.")
        try:
            runs.mkdir(parents=True, exist_ok=True)
            scratch = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=runs))
        except OSError as error:
            raise _unwritable(runs, error) from error
        try:
            return _Import(name, source, scratch, given).run(runs, progress)
        except OSError as error:
            raise _unwritable(runs, error) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


class _Import:
    """One log on its way into run folders."""

    def __init__(self, name: str, source: LogSource, scratch: Path, given: Given) -> None:
        self._name = name
        self._source = source
        self._scratch = scratch
        self._given = given
        self._reader, self._splitter = LogReader(), Splitter()
        self._drafts: list[_Draft] = []
        self._offset_s = 0.0

    def run(self, runs: Path, progress: Callable[[int], object]) -> Imported:
        """Read the log to its end, then put the folders in place."""
        open_draft: _Draft | None = None
        due = PROGRESS_LINES
        try:
            for part in self._splitter.split(self._reader.read(self._source.lines())):
                if open_draft is None:
                    open_draft = self._begin()
                self._add(open_draft, part)
                if part.kind == ENDED:
                    open_draft = None
                if self._reader.lines >= due:
                    due += PROGRESS_LINES
                    progress(self._reader.lines)
        finally:
            if open_draft is not None:
                with contextlib.suppress(OSError):  # the error that ended the import is reported
                    open_draft.recorder.close()
        if not self._drafts or self._translated:
            raise self._refusal()
        self._copy_original()
        complete = [self._completed(draft) for draft in self._drafts]  # before the first one is at its place
        found = [ImportedRun(_renamed(folder, runs / name), summary) for folder, name, summary in complete]
        oddities = self._reader.oddities
        return Imported(tuple(found), oddities.found, oddities.count, self._splitter.others)

    def _begin(self) -> _Draft:
        folder = self._scratch / str(len(self._drafts) + 1)
        folder.mkdir()
        options = {"technique": self._given.technique, "workload": self._given.workload}
        records = MigrationRecords({key: value for key, value in options.items() if value}, self._given.interval_s)
        draft = _Draft(folder, records, Recorder.open(folder), Timeline(), self._offset_s, self._reader.oddities.count)
        self._drafts.append(draft)
        return draft

    def _add(self, draft: _Draft, part: Part) -> None:
        records = draft.records
        if part.kind == ENDED:
            draft.follows = part.follows
            draft.oddities = self._reader.oddities.count - draft.oddities
            self._offset_s += records.t + records.interval_s
            made: Iterable[Record] = (records.end(),)
        else:
            made = records.result(part.output) if part.kind == RESULT else records.sample(part.output)
        for each in made:
            draft.timeline.add(each)
            draft.recorder.write(each)
        if part.kind == ENDED:
            draft.recorder.close()

    @property
    def _translated(self) -> bool:
        """Whether most labels are not known: some translations have only a part of them."""
        return self._reader.foreign > TRANSLATED * max(1, self._reader.typed)

    def _refusal(self) -> Failure:
        reader, splitter, name = self._reader, self._splitter, self._name
        if self._translated:
            return Failure(
                f"{name} was written by virsh in another language",
                self._first_odd(),
                "Run virsh in the loop with LC_ALL=C: `LC_ALL=C virsh domjobinfo VM`.",
            )
        if splitter.others:
            return Failure(f"{name} has no migration", "its jobs are others, such as a snapshot or a save")
        if splitter.idle:
            outputs = f"{splitter.idle} output{'' if splitter.idle == 1 else 's'}"
            why = f"{outputs} of virsh, and the VM had no job in any: the loop ran before or after the migration"
            return Failure(f"{name} has no migration", why)
        if not reader.lines:
            return Failure(f"{name} is empty", hint=EXPECTED)
        return Failure(f"{name} is no log of virsh domjobinfo", self._first_odd() or "it has no statistics", EXPECTED)

    def _first_odd(self) -> str:
        first = next(iter(self._reader.oddities.found), None)
        return f'line {first.first} is "{first.text}"' if first else ""

    def _copy_original(self) -> None:
        """Give each run its lines: those after the run before it, to its own last one; the last run has the rest."""
        drafts = iter(self._drafts)
        draft, following = next(drafts), next(drafts, None)
        file = (draft.folder / ORIGINAL).open("wb")
        try:
            for number, line in enumerate(self._source.raw_lines(), 1):
                if following is not None and number > draft.records.last:
                    draft, following = following, next(drafts, None)
                    file.close()
                    file = (draft.folder / ORIGINAL).open("wb")
                file.write(line)
        finally:
            file.close()

    def _completed(self, draft: _Draft) -> tuple[Path, str, dict[str, Any]]:
        """Write the last files of a run; returns its folder, its name and the tables of its run.toml."""
        began, began_from = self._start_of(draft)
        given = self._given
        summary = without_none(self._summary(draft, began, began_from))
        (draft.folder / SUMMARY).write_text(tomli_w.dumps(summary), "utf-8")
        if given.note:
            (draft.folder / NOTE).write_text(tomli_w.dumps({"note": given.note}), "utf-8")
        technique = str(summary.get("options", {}).get("technique", UNKNOWN))
        name = folder_name(given.vm or self._source.stem or "imported", given.workload or UNKNOWN, technique, began)
        return draft.folder, name, summary

    def _start_of(self, draft: _Draft) -> tuple[datetime, str]:
        """When the run began, and how that is known."""
        if self._given.began is not None:
            first = self._drafts[0].offset_s
            return _utc(self._given.began.timestamp() + draft.offset_s - first), GIVEN
        if draft.records.began is not None:
            return _utc(draft.records.began), LOG
        changed = self._source.changed
        if changed is None:
            return _utc(datetime.now(timezone.utc).timestamp() + draft.offset_s - self._offset_s), IMPORT
        return _utc(changed + draft.offset_s - self._offset_s), FILE

    def _summary(self, draft: _Draft, began: datetime, began_from: str) -> dict[str, Any]:
        records, timeline, given = draft.records, draft.timeline, self._given
        found = figures(timeline)
        if not timeline.final.get("time_elapsed"):
            found["total_time_ms"] = round(1000 * records.t) or None
        if not records.iterations:
            found["passes"] = None
        technique = given.technique or (POST_COPY if records.post_copy else None)
        unknown = {
            "VM": not given.vm,
            "workload": not given.workload,
            "technique": not technique,
            "hosts": not (given.origin and given.target),
            "passes": not records.iterations,
            "downtime": found["downtime_ms"] is None,
        }
        return {
            "outcome": records.outcome,
            "began": iso(began.timestamp()),
            "ended": iso(began.timestamp() + records.t) if records.outcome != LOST else None,
            "vm": {"name": given.vm or None},
            "options": {"technique": technique},
            "hosts": {"origin": given.origin or None, "target": given.target or None},
            "workload": {"name": given.workload or None},
            "figures": found,
            "imported": {
                "file": plain(self._source.name),
                "sha256": self._source.sha256,
                "at": now(),
                "first_line": records.first,
                "last_line": records.last,
                "times": records.times,
                "interval_s": round(records.interval_s, 3),
                "interval_known": records.interval_known,
                "began_from": began_from,
                "rounded": self._reader.rounded,
                "follows": draft.follows,
                "result": records.outcome != LOST,
                "total_is_last_sample": not timeline.final.get("time_elapsed"),
                "not_understood": draft.oddities,
                "unknown": [name for name, missing in unknown.items() if missing],
            },
        }


def _renamed(folder: Path, wanted: Path) -> Path:
    for name in free_names(wanted):
        with contextlib.suppress(FileExistsError):
            name.mkdir()  # reserves the name; an empty folder is replaced
            return folder.rename(name)
    raise AssertionError("the names never run out")


def _imported_before(runs: Path, sha256: str) -> Path | None:
    """A run that was imported from a file of this content."""
    for summary in sorted(runs.glob(f"[!.]*/{SUMMARY}")):
        try:
            if sha256.encode() in read_regular(summary):
                return summary.parent
        except OSError:
            continue  # the list of runs reports it
    return None


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)


def _unwritable(runs: Path, error: OSError) -> Failure:
    return Failure(
        f"The run cannot be written to {runs}",
        error.strerror or str(error),
        "Set another folder under [runs] in the configuration.",
    )
