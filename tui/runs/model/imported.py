"""A migration of a log as the records of a run, and what of an imported run is known."""

from bisect import insort
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from tui.core.plan import UNKNOWN
from tui.core.protocols import JOB_COMPLETED
from tui.core.quantity import duration
from tui.migration.model import record
from tui.migration.model.domjobinfo import CANCELLED, COMPLETED, FAILED
from tui.migration.model.record import Event, Record, Sample
from tui.migration.model.timeline import CANCELLED as CANCELLED_WORD
from tui.migration.model.timeline import COMPLETED as COMPLETED_WORD
from tui.migration.model.timeline import FAILED as FAILED_WORD
from tui.migration.model.timeline import LOST
from tui.runs.model.domjobinfo_log import Output
from tui.runs.model.log_split import NO_JOB, NO_VM
from tui.runs.model.log_time import later

# Where the times of the samples come from.
ELAPSED, LOG, INTERVAL = "elapsed", "log", "interval"
# Where the start comes from.
GIVEN, FILE, IMPORT = "given", "file", "import"

DEFAULT_INTERVAL_S = 1.0
LONGEST_S = 7 * 86400.0  # a longer migration, and a longer time between two samples, is a damaged number
MOST_STEPS = 1000  # enough for the interval, and few enough to sort
GAP_S, GAP_INTERVALS = 5.0, 5  # a time without a sample that is longer than both is a gap

STARTS = {FILE: "the last change of the file", IMPORT: "the import"}
OUTCOMES = {COMPLETED: COMPLETED_WORD, FAILED: FAILED_WORD, CANCELLED: CANCELLED_WORD}
FULL_PASS = 1.001  # of the memory; sizes are rounded


class MigrationRecords:
    """Makes the outputs of one migration the records of a run; `given` are the options that a person named."""

    def __init__(self, given: Mapping[str, Any], interval_s: float | None) -> None:
        self.given = dict(given)
        self.outcome = LOST  # until a result is read
        self.began: float | None = None  # since the epoch, if the log has it
        self.samples = 0
        self.first = self.last = 0  # line numbers
        self.t = 0.0  # of the newest record, in seconds since the start
        self._sources = dict.fromkeys((ELAPSED, LOG, INTERVAL), 0)  # how many outputs have their time from it
        self.iterations = False  # whether the log has the number of the pass
        self.post_copy = False
        self._interval_s = interval_s
        self._interval_given = interval_s is not None
        self._steps: list[float] = []  # seconds between the first samples, sorted
        self._before: Output | None = None
        self._ended = False

    @property
    def times(self) -> str:
        """Where most times come from."""
        return max(self._sources, key=self._sources.__getitem__)

    @property
    def interval_s(self) -> float:
        """The median time between two samples; without times the given or the default one."""
        if self.times != INTERVAL and self._steps:
            return max(self._steps[(len(self._steps) - 1) // 2], 0.001)
        return self._interval_s or DEFAULT_INTERVAL_S

    @property
    def interval_known(self) -> bool:
        """Whether the interval was measured or given."""
        return self._interval_given or (self.times != INTERVAL and bool(self._steps))

    def sample(self, output: Output) -> Iterator[Record]:
        """The records of one output of the running job."""
        before, t = self.t, self._time_of(output)
        gap = t - before
        if self.samples and gap > max(GAP_S, GAP_INTERVALS * self.interval_s):
            yield Event(t, self._at(output), record.GAP, {"seconds": round(gap, 3), "why": "the log has no sample"})
        if self.samples and len(self._steps) < MOST_STEPS:
            insort(self._steps, gap)
        self._know(output, t)
        if not self.samples:
            yield self._start(output)
        self.samples += 1
        state = "paused (post-copy)" if self.post_copy else ""
        yield Sample(t, self._at(output), dict(output.stats), state)

    def result(self, output: Output) -> Iterator[Record]:
        """The records of the output with the result; that of a cancelled or failed job may have no figures."""
        self._know(output, self._time_of(output))
        if not self.samples:
            yield self._start(output)
        self.outcome = OUTCOMES.get(output.kind or 0, LOST)
        stats = dict(output.stats)
        yield Sample(self.t, self._at(output), stats)
        if output.number("time_elapsed"):
            if self.outcome != COMPLETED_WORD:
                stats = {name: each for name, each in stats.items() if name != "downtime"}  # it was only expected
            yield Event(self.t, self._at(output), JOB_COMPLETED, {"stats": stats})

    def end(self) -> Event:
        """The last record."""
        return Event(self.t, "", record.END, {"outcome": self.outcome})

    def _start(self, output: Output) -> Event:
        """From the start, QEMU's count of the pass is relative to its first one; else it is the best there is."""
        kind = record.START if is_first_pass(output) else record.ATTACHED
        return Event(0.0, "", kind, {"technique": UNKNOWN, "imported": True} | self.given)

    def _know(self, output: Output, t: float) -> None:
        self.first, self.last = self.first or output.first, output.last
        self.iterations = self.iterations or "memory_iteration" in output.stats
        self.post_copy = self.post_copy or (output.number("memory_postcopy_requests") or 0) > 0
        if self.began is None and output.time is not None and output.time.dated:
            self.began = output.time.seconds - t
        self.t, self._before = t, output

    def _time_of(self, output: Output) -> float:
        elapsed = output.number("time_elapsed")
        if elapsed is not None and 0 <= elapsed <= LONGEST_S * 1000:
            self._sources[ELAPSED] += 1
            return max(self.t, elapsed / 1000)
        if self._before is None:
            self._sources[LOG if output.time else INTERVAL] += 1
            return 0.0
        step = later(output.time, self._before.time) if output.time and self._before.time else None
        self._sources[INTERVAL if step is None else LOG] += 1
        if step is None or not 0 <= step <= LONGEST_S:
            step = self._interval_s or DEFAULT_INTERVAL_S
        return min(self.t + step, record.LONGEST_S / 2)

    @staticmethod
    def _at(output: Output) -> str:
        time = output.time
        return iso(time.seconds) if time is not None and time.dated else ""


def is_first_pass(output: Output) -> bool:
    """Whether no page can have been sent twice yet: the pages sent and those left are at most the memory."""
    total, left = output.number("memory_total"), output.number("memory_remaining")
    if not total or left is None or output.number("memory_iteration") in (0, 1):
        return True
    page = output.number("memory_page_size") or 4096
    pages = [output.number(name) for name in ("memory_constant", "memory_normal")]
    known = [each * page for each in pages if each is not None]
    sent = sum(known) if len(known) == len(pages) else output.number("memory_processed") or 0.0
    return sent + left <= FULL_PASS * total


def iso(seconds: float) -> str:
    """Seconds since the epoch in the form of the log."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def imported_words(table: Mapping[str, Any]) -> str:
    """What a page says of the origin of an imported run; empty for another run."""
    if not table:
        return ""
    lines = [table.get(name) for name in ("first_line", "last_line")]
    name = str(table.get("file", "")).rpartition("/")[2]
    words = [f"Imported from {name}" + (f", lines {lines[0]} to {lines[1]}." if all(lines) else ".")]
    words.append(_times_words(table))
    if (moment := STARTS.get(str(table.get("began_from")))) is not None:
        words.append(f"The start is not known: its time is that of {moment}.")
    if table.get("rounded"):
        words.append("Sizes are rounded, as virsh prints them.")
    if table.get("total_is_last_sample"):
        words.append(_end_words(table))
    if number := table.get("not_understood"):
        words.append(f"{number} line{' was' if number == 1 else 's were'} not understood.")
    unknown = table.get("unknown")
    if isinstance(unknown, list) and unknown:
        words.append(f"Unknown: {', '.join(map(str, unknown))}.")
    return " ".join(words)


def _times_words(table: Mapping[str, Any]) -> str:
    interval, known = table.get("interval_s"), bool(table.get("interval_known"))
    every = duration(float(interval)) if isinstance(interval, (int, float)) else "?"
    if table.get("times") == INTERVAL:
        return f"The log has no times: {'' if known else 'assumed is '}a sample every {every}."
    source = "libvirt's own" if table.get("times") == ELAPSED else "those of the log"
    return f"Times are {source}" + (f", a sample every {every}." if known else ".")


def _end_words(table: Mapping[str, Any]) -> str:
    if table.get("result"):
        return "Its result has no figures: the total is the time of the last sample."
    after = {NO_JOB: ", after which the job was over", NO_VM: ", after which the VM was gone from its host"}
    seen = after.get(str(table.get("follows")), "")
    return f"The log has no result: the total is the time of the last sample{seen}."
