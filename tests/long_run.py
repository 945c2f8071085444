"""A migration that does not converge for a day, second by second, for tests and benchmarks of its size."""

import math
from collections.abc import Iterator

from tui.migration.model import record
from tui.migration.model.record import Event, Record, Sample

DAY_S = 86_400
GIB = 1 << 30
SENT_PER_S = 100 << 20
PASS_S = 3  # seconds of a pass: the VM writes almost as fast as the link sends
STALL_AT, STALL_S = 40_000, 60  # the link is dead for a minute
AT = "2026-11-23T04:00:13.932Z"


def long_run(seconds: int = DAY_S, *, probes: bool = True) -> Iterator[Record]:
    """Each second a sample, the workload's rate and the probes' figures; a further sample as each pass begins."""
    data = {"vm": "guest1", "uuid": "0054f024", "origin": "source", "target": "destination", "began": AT}
    yield Event(0.0, AT, record.START, {**data, "technique": "post-copy-manual", "downtime_ms": 300})
    sent = 0
    for second in range(1, seconds + 1):
        stalled = STALL_AT <= second < STALL_AT + STALL_S
        sent += 0 if stalled else SENT_PER_S
        iteration, inside = divmod(second, PASS_S)
        if not inside:
            yield Event(second - 0.01, AT, "iteration", {"host": "source", "iteration": iteration + 1})
            yield _sample(second - 0.005, iteration + 1, inside, sent)
        yield _sample(float(second), iteration + 1, inside, sent)
        rate = 500 + 100 * math.sin(second / 1000) + (400 if second == seconds // 2 else 0)
        workload = {"workload": "memory", "rate": round(rate, 1), "unit": "MiB/s", "seconds": float(second)}
        yield Event(second + 0.1, AT, record.GUEST, {**workload, "waited": 0.052})
        if probes:
            figures = {"sent": 50, "answered": 50, "rtt_ms": 0.543, "pause_ms": 18.559, "pause_at": second - 0.5}
            figures |= {"guest_gap_ms": 17.644, "since_ns": 363959409310, "clock_lost_ms": 0.0, "clock_error_ms": 0.0}
            yield Event(second + 0.2, AT, record.UDP_PROBE, figures)
    final = dict(_sample(0.0, seconds // PASS_S + 1, 0, sent).stats) | {"time_elapsed": seconds * 1000, "downtime": 200}
    yield Event(seconds + 0.5, AT, "job-completed", {"host": "source", "stats": final})
    yield Event(seconds + 0.6, AT, record.VERIFIED, {"ok": True, "sentence": "guest1 runs on destination."})
    yield Event(seconds + 0.7, AT, record.END, {"outcome": "completed"})


def _sample(t: float, iteration: int, inside: int, sent: int) -> Sample:
    """A sample `inside` seconds after its pass began."""
    remaining = GIB * (PASS_S - inside) // (PASS_S + 1)
    stats = {
        "operation": 5, "time_elapsed": int(t * 1000), "downtime": 2838, "setup_time": 5, "data_total": GIB,
        "data_processed": sent, "data_remaining": remaining, "memory_total": GIB, "memory_processed": sent,
        "memory_remaining": remaining, "memory_bps": SENT_PER_S, "memory_constant": 146295,
        "memory_normal": sent // 4096, "memory_normal_bytes": sent, "memory_dirty_rate": 20000 + iteration % 7000,
        "memory_iteration": iteration, "memory_postcopy_requests": 0, "memory_page_size": 4096, "disk_total": 0,
        "disk_processed": 0, "disk_remaining": 0, "type": 2,
    }  # fmt: skip
    return Sample(t, AT, stats, "running", 0.00423, 0.00012)
