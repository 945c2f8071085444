"""A migration derived from its records: the same whether it runs, was re-attached to, or is replayed."""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from tui.core import settings
from tui.core.plan import PRE_COPY, UNKNOWN, WITHOUT_POST_COPY
from tui.guest.model.clock import GuestClock
from tui.migration.model.call.requested import Requested
from tui.migration.model.disk_copy import DiskCopy
from tui.migration.model.forecasts import Forecasts
from tui.migration.model.observed_downtime import ObservedDowntime
from tui.migration.model.passes import Pass
from tui.migration.model.points import (
    GuestPoints,
    Mark,
    Point,
    Points,
    SendRate,
    Thinned,
    point_of,
)
from tui.migration.model.record import EVERY_SECOND, Event, Memory, Record, Sample, memory_of, number_in

# Phases, in their order.
IDLE = "idle"
SETUP = "setup"
PASS = "pass"
SWITCHOVER = "switchover"
POST_COPY = "post-copy"
COMPLETED = "completed"
FAILED = "failed"
CANCELLED = "cancelled"
LOST = "lost"  # it ended unobserved, and libvirt no longer has its result

OVER = frozenset({COMPLETED, FAILED, CANCELLED, LOST})


class Timeline(Requested):
    """Built by `add`, record by record, in the order of the log; reading it is cheap."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        super().__init__()
        self.phase = IDLE
        self.from_start = False  # the start is recorded
        self.options: Mapping[str, Any] = {}
        self.target = ""  # where it ends; "" while unknown: another program started it
        self.points = Points()
        self.disks = DiskCopy()
        self.guest = GuestPoints()
        self.guest_silent: tuple[float, str] | None = None  # for how many seconds no line has come, and why
        self.observed: ObservedDowntime | None = None  # known at the end
        self.guest_clock: GuestClock | None = None  # after the move, if the guest has an agent
        self.autostart: Mapping[str, Any] | None = None  # what became of it; None if it was off, or is unknown
        self.gaps: list[float] = []  # when recording resumed
        self.events: deque[Event] = deque(maxlen=200)  # the newest; the log has all of them
        self.last: Sample | None = None  # the newest with statistics of a running job
        self.final: Mapping[str, Any] = {}  # libvirt's statistics of the completed job
        self.error: Mapping[str, Any] = {}
        self.host_logs: dict[str, Mapping[str, Any]] = {}  # by host, see model.host_log
        self.verified: tuple[bool, str] | None = None
        self.advice = ""  # what to do about what the migration left on the other host
        self.paused = False  # the timeout or another program has paused the VM, and the passes go on
        self.unanswered: tuple[float, str] | None = None  # since when libvirt has not replied, and why
        self.unfollowed = False  # for a client: the runner has ended, and the next one does not find the migration
        self.post_copy_failed = False
        self.diagnosis: Mapping[str, Any] = {}  # of a broken post-copy, or of an end of which a host knows more
        self.dirty_rate_at: float | None = None  # when libvirt last computed it
        self.forecasts = Forecasts()
        self.now = 0.0
        self.ended_at: float | None = None
        self._send_rate = SendRate()
        self._switched_in = 0  # the first pass seen after the VM was paused for the switchover
        self._unseen: tuple[float, float] | None = None  # the newest gap, until a later sample
        for each in records:
            self.add(each)

    @property
    def over(self) -> bool:
        """Whether the migration has ended, in whichever way."""
        return self.phase in OVER

    @property
    def passes(self) -> Thinned[Pass]:
        """The ended passes whose end was recorded; of more than some thousand, a part of the older ones."""
        return self._passes.ended

    @property
    def in_first_pass(self) -> bool:
        """Whether no pass has ended yet; only the first one sends all of the memory."""
        return self.iteration <= 1 and not self.passes

    @property
    def point(self) -> Point | None:
        """The newest point."""
        return self.points[-1] if self.points else None

    @property
    def iteration(self) -> int:
        """The current pass, counted from 1; 0 before the first."""
        return self.points[-1].iteration if self.points else 0

    def waiting_s(self, elapsed: float) -> float:
        """For how long libvirt has not replied, in seconds; 0.0 if that is shorter than a second."""
        since = self.unanswered[0] if self.unanswered and not self.over else elapsed
        return elapsed - since if elapsed - since >= 1.0 else 0.0

    @property
    def guest_known(self) -> bool:
        """Whether there is a rate of the workload in the guest, or a reason for its absence."""
        return bool(self.guest) or (self.guest_silent is not None and self.options.get("workload") != settings.IDLE)

    @property
    def ended_between(self) -> tuple[float, float] | None:
        """If it ended unobserved: the last recorded moment before, and the first one after; else None."""
        return self._unseen if self.over else None

    @property
    def total_s(self) -> float | None:
        """Its total time in seconds, by libvirt if known; None if its end was not observed."""
        elapsed_ms = _number(self.final, "time_elapsed")
        seen_ms = _number(self.last.stats, "time_elapsed") if self.last is not None else 0.0
        if elapsed_ms and elapsed_ms >= seen_ms:  # libvirtd counts anew if it was restarted
            return elapsed_ms / 1000
        return None if self.ended_between else self.ended_at

    @property
    def passes_begun(self) -> int:
        """The number of passes, with the last one, as far as recorded or still known to libvirt."""
        seen = max(self.iteration, self.passes.added)
        if self.ended_between is None:
            return seen
        return max(seen, self._passes.number(int(_number(self.final, "memory_iteration"))))

    @property
    def passes_of_pre_copy(self) -> int:
        """The number of passes without the switch to post-copy, which libvirt counts as one more."""
        begun = self.passes_begun
        return begun if self.post_copy_at is None else max(self.current_pass, begun - 1)

    @property
    def technique(self) -> str:
        """The technique it was started with, one of core.plan."""
        return str(self.options.get("technique", PRE_COPY))

    @property
    def suspended(self) -> bool:
        """Whether the timeout of the technique has suspended the VM, and the rest is still being sent."""
        return self.paused and self.suspend_sent

    @property
    def pass_began(self) -> float:
        """When the current pass began, in seconds since the start."""
        return self._passes.began

    @property
    def current_pass(self) -> int:
        """The number of the current pass, or of the one that post-copy interrupted."""
        return self._passes.current

    @property
    def sent_before_pass(self) -> int:
        """How much had been sent when the current pass began, in bytes."""
        return self._passes.sent_before

    @property
    def post_copy_allowed(self) -> bool:
        """Whether post-copy was allowed at the start; True if the start is unknown."""
        refused = self.technique in WITHOUT_POST_COPY or self.options.get("post_copy_refused") or self.without_post_copy
        return not (self.options and refused)

    @property
    def auto_converge(self) -> bool:
        """Whether QEMU may slow the VM down."""
        return bool(self.options.get("auto_converge") or self.without_post_copy)

    @property
    def threshold(self) -> int | None:
        """The VM is switched over when less than this remains, in bytes: rate x maximum downtime; None if unknown."""
        point, most_ms = self.point, self.max_downtime_ms
        return int(point.rate * most_ms / 1000) if point is not None and point.rate and most_ms else None

    def add(self, each: Record) -> None:
        """Add the next record."""
        self.now = each.t if each.t > self.now else self.now
        if isinstance(each, Sample):
            self._add_sample(each)
        else:
            self._add_event(each)

    def _add_sample(self, sample: Sample) -> None:
        self._unseen = self.unanswered = None
        if sample.state == "paused (post-copy failed)":
            self._post_copy_failed(sample.t)
        elif self.post_copy_failed and sample.state == "paused (post-copy)":
            self.post_copy_failed = self.resume_requested = False
            self.diagnosis = {}
            self.marks.append(Mark(sample.t, "!", "post-copy continues"))
        if sample.state.startswith("paused (post-copy"):
            self._post_copy_began(sample.t)
        elif sample.state == "paused (migrating)" and self.phase == PASS and not self.paused:
            self._stopped()
        self.paused = self.paused and sample.state.startswith("paused")
        self.disks.add(sample)
        memory = memory_of(sample)
        if not memory.total:
            return
        previous = self.points[-1] if self.points else None
        self._see_pass(sample.t, memory, previous.iteration if previous else 0)
        dirty = memory.dirty_pages * (memory.page_size or 4096)
        if dirty and (previous is None or dirty != previous.dirty_rate):
            self.dirty_rate_at = sample.t
        self.last = sample
        dirty_rate = float(dirty) if dirty or (previous and previous.dirty_rate is not None) else None
        rate = self._send_rate.add(sample.t, memory.processed)
        number, expected = self._passes.number(memory.iteration), self.phase == PASS and "downtime" in sample.stats
        self.points.append(point_of(sample.t, memory, rate, dirty_rate, number, downtime_known=expected))

    def _see_pass(self, t: float, memory: Memory, current: int) -> None:
        if not self._switched_in:
            self._switched_in = self._passes.number(memory.iteration)
        if self.phase == SWITCHOVER and self._passes.number(memory.iteration) > self._switched_in + 1:
            # libvirt reports a VM that another program has paused like one that is switched over, but passes go on.
            self.phase, self.paused = PASS, True
        if self.phase in (IDLE, SETUP):
            self.phase = PASS
            self._passes.begin(t, memory)
        if (ended := self._passes.add(t, memory, current)) is not None:
            self.marks.append(Mark(t, "|", f"pass {ended.number + 1}", self.passes.added))

    def _stopped(self) -> None:
        """The VM was stopped on its origin: by the timeout, or for the switchover."""
        if self.suspend_sent:
            self.paused = True
        else:
            self.phase, self._switched_in = SWITCHOVER, 0

    def _post_copy_began(self, t: float) -> None:
        if self.post_copy_at is None:
            self.post_copy_at = t
            self._passes.interrupted = True
            self.post_copy_held = self.post_copy_sent = False
            self.marks.append(Mark(t, "P", "post-copy"))
        self.phase = self.phase if self.over else POST_COPY

    def _post_copy_failed(self, t: float) -> None:
        if not self.post_copy_failed:
            self.post_copy_failed = True
            self.marks.append(Mark(t, "!", "post-copy failed"))

    def _add_event(self, event: Event) -> None:
        if event.kind not in EVERY_SECOND:  # these would displace the events that happen once
            self.events.append(event)
        if (handler := HANDLERS.get(event.kind)) is not None:  # kinds of a newer version are ignored
            handler(self, event)

    def _on_start(self, event: Event) -> None:
        self._begin(event)
        self._on_target(event)
        self.phase = SETUP
        self.from_start = self._passes.from_start = True
        self._on_unchecked(event)

    def _on_attached(self, event: Event) -> None:
        self._unseen = None
        if not self.options:
            self._begin(event)
        self._on_target(event)
        self.phase = SETUP if self.phase in (IDLE, *OVER) else self.phase

    def _on_target(self, event: Event) -> None:
        self.target = str(event.data.get("target") or "")

    def _begin(self, event: Event) -> None:
        self.options = event.data
        unknown = self.technique == UNKNOWN or event.data.get("imported")
        self.max_downtime_ms = int(_number(event.data, "downtime_ms")) or (0 if unknown else 300)
        self.bandwidth_mib_s = int(_number(event.data, "bandwidth_mib_s"))

    def _on_lifecycle(self, event: Event) -> None:
        detail = event.data.get("detail")
        if detail == "post-copy":
            self._post_copy_began(event.t)
        elif detail == "post-copy failed":
            self._post_copy_failed(event.t)
        elif detail == "migrated" and event.data.get("event") == "suspended" and self.phase == PASS:
            self._stopped()
            self.marks.append(Mark(event.t, "S", "suspended" if self.suspend_sent else "switchover"))

    def _on_gap(self, event: Event) -> None:
        self.gaps.append(event.t)
        seconds = _number(event.data, "seconds")
        self.marks.append(Mark(event.t, "!", f"{seconds:.0f} s gap"))
        self._passes.after_gap = True
        self._unseen = (event.t - seconds, event.t)
        self._send_rate.restart()

    def _on_error(self, event: Event) -> None:
        if event.data.get("action") == "log":
            self.log_trouble = f"{event.data.get('what', '')}: {event.data.get('why', '')}"
            return
        # The failure that ended the migration stays the reason, whatever fails afterwards.
        if self.error.get("action") != "migrate" or event.data.get("action") == "migrate":
            self.error = event.data

    def _on_host_log(self, event: Event) -> None:
        self.host_logs[str(event.data.get("host", ""))] = event.data

    def _on_job_completed(self, event: Event) -> None:
        if isinstance(stats := event.data.get("stats"), dict) and stats:
            self.final = {name: value for name, value in stats.items() if number_in(stats, name) is not None}

    def _on_guest(self, event: Event) -> None:
        self.guest_silent = self.guest.add(event.t, event.data)

    def _on_felt(self, event: Event) -> None:
        self.observed = ObservedDowntime.of(event.data)

    def _on_clock(self, event: Event) -> None:
        self.guest_clock = GuestClock.of(event.data)

    def _on_autostart(self, event: Event) -> None:
        self.autostart = event.data

    def _on_forecast(self, event: Event) -> None:
        self.forecasts.add(event.t, event.data)

    def _on_no_answer(self, event: Event) -> None:
        self.unanswered = _number(event.data, "since"), str(event.data.get("why", ""))
        self.unfollowed = bool(event.data.get("unfollowed"))

    def _on_diagnosis(self, event: Event) -> None:
        self.diagnosis = event.data

    def _on_verified(self, event: Event) -> None:
        self.verified = (bool(event.data.get("ok")), str(event.data.get("sentence", "")))
        self.advice = str(event.data.get("advice", ""))

    def _on_end(self, event: Event) -> None:
        outcome = str(event.data.get("outcome"))
        self.phase = outcome if outcome in OVER else LOST
        self.ended_at, self.guest.until, self.post_copy_held = event.t, event.t, False


HANDLERS = {name[4:].replace("_", "-"): getattr(Timeline, name) for name in dir(Timeline) if name.startswith("_on_")}


def _number(data: Mapping[str, Any], name: str) -> float:
    return number_in(data, name) or 0.0
