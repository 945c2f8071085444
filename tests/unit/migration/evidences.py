"""What the tests of the diagnosis share: answers of the hosts, events, and failures of libvirt."""

from dataclasses import replace

from tui.core.failure import Failure
from tui.core.protocols import ConnectionBroken, StreamBroken
from tui.core.vm import Vm
from tui.migration.model.ending.diagnosis import Diagnosis, diagnose
from tui.migration.model.ending.evidence import Evidence, HostAnswer
from tui.migration.model.record import Event

VM = Vm("guest1", "0054f024", "running")
RUNS = HostAnswer(VM)
NONE = HostAnswer()
SILENT = HostAnswer(failure=Failure("libvirt cannot be reached", "connection refused"))
OFF = HostAnswer(replace(VM, state="shut off"))

EOF = "End of file while reading data: : Input/output error"
CUT = ConnectionBroken("The migration of guest1 failed", "the connection to libvirt broke", detail=EOF)

STREAM = StreamBroken("The migration of guest1 failed", "the migration stream to the destination broke")


def in_state(words: str) -> HostAnswer:
    """The answer for "paused (post-copy failed)"."""
    state, _, reason = words.rstrip(")").partition(" (")
    return HostAnswer(replace(VM, state=state, reason=reason))


def events(*lines: str) -> tuple[Event, ...]:
    """Events of lines like "destination stopped/failed"."""
    found = [line.partition(" ") for line in lines]
    parts = [(host, *word.partition("/")[::2]) for host, _, word in found]
    return tuple(
        Event(n, "", "lifecycle", {"host": host, "event": event, "detail": detail})
        for n, (host, event, detail) in enumerate(parts)
    )


def end(here: HostAnswer, there: HostAnswer, **more: object) -> Diagnosis:
    known = Evidence("guest1", "source", "destination", "destination", here, there)
    return diagnose(replace(known, **more))  # type: ignore[arg-type]


BEGUN = ("destination started/migrated",)
SWITCHED = (*BEGUN, "source suspended/migrated", "source suspended/post-copy", "destination resumed/post-copy")
WAITS, WAITS_FOR_EVER = in_state("paused (post-copy)"), in_state("paused (post-copy failed)")


def broken(here: HostAnswer, there: HostAnswer, *more: str, failure: Failure | None = CUT) -> Diagnosis:
    """A post-copy between hosts of libvirt 12.8 that broke after these further events."""
    versions = {"origin_libvirt": (12, 8, 0), "target_libvirt": (12, 8, 0)}
    return end(here, there, events=events(*SWITCHED, *more), post_copy=True, failure=failure, **versions)
