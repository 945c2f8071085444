"""One line of a run's raw log: a sample of libvirt's job statistics, or an event."""

import json
from collections.abc import Mapping
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple

from tui.core.protocols import Stat

MOST = 2**64  # libvirt's statistics are unsigned and of 64 bits
LONGEST_S = 1e9  # 31 years; a record at a later time is damaged

# Kinds of events in raw.jsonl.
START = "start"  # migrateToURI3 was called; data: the options
ATTACHED = "attached"  # a running job was found and is followed from here on
TARGET = "target"  # the host that a migration of another program goes to has become known; data: target
KEY = "key"  # a person requested a change; data: action and its value
# The app made the call that a key or a timeout requested; data: action, seconds it took. With the action "automatic":
# what this technique decided; data: decided, value, reason (a sentence without its stop), policy, shadow (not done).
ACTION = "action"
QUEUE = "queue"  # `by` of an action: the queue of the migration gave it another share of the bandwidth
SLOW = "slow"  # the daemon replied late, or scheduled samples were missed; data: seconds, missed
NO_ANSWER = "no-answer"  # the daemon does not reply; data: since, the second of its last reply, why, and unfollowed
# Post-copy is broken, or it is not known where the VM is; data: break, sentence, advice, resumable (model.diagnosis).
DIAGNOSIS = "diagnosis"
GAP = "gap"  # nothing was recorded; data: seconds, why
ERROR = "error"  # data: what, why, hint, detail
# After a failed migration, of each host: what it wrote about the VM since the start; data: see model.host_log.
HOST_LOG = "host-log"
# After a migration with a copy of disks that did not succeed: data: removed (paths), kept (sentences).
IMAGES = "images"
# From the guest, about once a second. guest: workload, rate and unit ("MiB/s") of the workload's newest line, seconds
# it has run, and in the first one `before`, the rate before the start; or silent_s, for how long no new line came, and
# why. echo: of the probes since the event before, sent and answered, rtt_ms the shortest round trip, pause_ms the
# longest time without a reply and pause_at when it began; guest_gap_ms the longest time between two beats since
# since_ns, by the guest's clock; clock_lost_ms by how much that clock fell behind in the pauses so far, clock_error_ms
# the possible error. felt: see model.observed_downtime.
GUEST, UDP_PROBE, OBSERVED = "guest", "echo", "felt"
# made: "before" (inputs, techniques, technique: the one that is planned) or "running" (converges, certain, total_s,
# downtime_s, cone: seconds since the start, and the least and most bytes remaining).
FORECAST = "forecast"
EVERY_SECOND = frozenset({GUEST, UDP_PROBE, FORECAST})
# After a completed migration. clock: the guest's clock against its host's; data: see guest.model.clock.GuestClock.
# autostart: it was on before, and a move drops it: it was set again on host, or why not.
CLOCK, AUTOSTART = "clock", "autostart"
VERIFIED = "verified"  # where the VM is afterwards; data: sentence, ok, advice
END = "end"  # data: outcome; only events of the guest follow it, for some seconds

RUNNING = "running"  # the outcome in run.toml until the end is known


class Sample(NamedTuple):  # made in a third of a dataclass's time, and a day has 100,000 of them
    """The job statistics under libvirt's own names, `t` seconds after the start of the run; empty if there is no job.

    `state` is the VM's state at its origin, with libvirt's reason ("paused (post-copy)"); `waited` is how long the
    daemon took to reply, `late` how long after its scheduled moment the sample was requested, both in seconds (`late`
    None: requested outside the schedule).
    """

    t: float
    at: str
    stats: Mapping[str, Stat]
    state: str = ""
    waited: float = 0.0
    late: float | None = None

    def number(self, name: str) -> int:
        """The statistic as an integer, 0 if libvirt did not report it."""
        value = self.stats.get(name, 0)
        if type(value) is int and -MOST < value < MOST:  # nearly all of them, so a day is read in seconds
            return value
        return int(value) if isinstance(value, (int, float)) and abs(value) < MOST else 0


class Memory(NamedTuple):
    """The statistics of a sample that a timeline needs: memory in bytes, the others as libvirt counts them."""

    total: int
    processed: int
    remaining: int
    iteration: int
    dirty_pages: int  # a second
    page_size: int
    postcopy_requests: int
    throttle: int
    downtime: int


MEMORY = (
    "memory_total", "memory_processed", "memory_remaining", "memory_iteration", "memory_dirty_rate",
    "memory_page_size", "memory_postcopy_requests", "auto_converge_throttle", "downtime",
)  # fmt: skip
_nearly_always = itemgetter(*MEMORY[:7])  # libvirt omits the others where they do not apply


def memory_of(sample: Sample) -> Memory:
    """Read at once, because a day has 100,000 samples."""
    stats: Mapping[str, Any] = sample.stats
    throttle, downtime = stats.get("auto_converge_throttle", 0), stats.get("downtime", 0)
    try:
        total, processed, remaining, iteration, dirty, page, requests = _nearly_always(stats)
        if 0 <= total | processed | remaining | iteration | dirty | page | requests | throttle | downtime < MOST:
            return Memory(total, processed, remaining, iteration, dirty, page, requests, throttle, downtime)
    except (KeyError, TypeError):  # not only integers
        pass
    return Memory._make(map(sample.number, MEMORY))


class Event(NamedTuple):
    """Something that happened, `t` seconds after the start of the run."""

    t: float
    at: str
    kind: str
    data: Mapping[str, Any] = MappingProxyType({})


Record = Sample | Event


def number_in(data: Mapping[str, Any], name: str) -> float | None:
    """The number of that name; None if there is none: a log may come from another version."""
    value = data.get(name)
    if type(value) is float and -(2**63) < value < 2**63:  # nearly all of them
        return value
    if not isinstance(value, (int, float)) or isinstance(value, bool) or abs(value) >= 2**63:
        return None
    return float(value)


def is_switchover(data: Mapping[str, Any]) -> bool:
    """Whether a lifecycle event of the origin reports that the VM was stopped for the switchover."""
    return data.get("event") == "suspended" and data.get("detail") in ("migrated", "post-copy")


def is_end_of_vm(data: Mapping[str, Any]) -> bool:
    """Whether a lifecycle event reports that the VM's QEMU ended otherwise than by a migration."""
    return data.get("event") == "stopped" and data.get("detail") != "migrated"


def to_line(record: Record) -> str:
    """The record as one line of raw.jsonl, without the newline."""
    if isinstance(record, Sample):
        fields: dict[str, Any] = {"kind": "sample", "t": round(record.t, 4), "at": record.at}
        fields |= {"stats": dict(record.stats), "state": record.state, "waited": round(record.waited, 5)}
        fields |= {} if record.late is None else {"late": round(record.late, 5)}
    else:
        fields = {"kind": record.kind, "t": round(record.t, 4), "at": record.at} | dict(record.data)
    return json.dumps(fields, ensure_ascii=False, separators=(", ", ": "))


def from_line(line: str) -> Record:
    """The record of a line of raw.jsonl; ValueError if there is none."""
    try:
        fields, end = _decode(line)
        if line[end:].strip():
            raise ValueError("something follows the record")
        kind, t, at = str(fields.pop("kind")), float(fields.pop("t")), str(fields.pop("at"))
        record = _sample_of(t, at, fields) if kind == "sample" else Event(t, at, kind, fields)
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"not a record: {error}") from error
    if not -LONGEST_S < t < LONGEST_S:  # also false for NaN
        raise ValueError(f"{t:g} s is no time of a migration")
    if "\\" in line and ("\\ud" in line or "\\uD" in line):
        _refuse_lone_surrogates(fields)
    return record


def _sample_of(t: float, at: str, fields: dict[str, Any]) -> Sample:
    if not isinstance(fields["stats"], dict):
        raise ValueError("stats is not an object")
    waited, late = float(fields.get("waited", 0.0)), fields.get("late")
    return Sample(t, at, fields["stats"], str(fields.get("state", "")), waited, None if late is None else float(late))


def _refuse_lone_surrogates(fields: dict[str, Any]) -> None:
    """Refuse text that can be neither displayed nor written to a file; to_line writes none."""
    json.dumps(fields, ensure_ascii=False).encode()  # UnicodeEncodeError is a ValueError


def _refuse(text: str) -> float:
    """Refuse NaN and Infinity, which Python's JSON parser accepts."""
    raise ValueError(f"{text} is no number")


# json.loads with options makes a decoder for each line. Lines are written without spaces before them.
_decode = json.JSONDecoder(parse_constant=_refuse).raw_decode
