"""How long a migration takes at its bandwidth limit: the passes that the dirty rate of its workload leads to."""

import math

from tui.core.plan import POST_COPY_MANUAL, POST_COPY_TIMEOUT
from tui.core.quantity import MIB
from tui.guest.model.workload import CPU, MEMORY
from tui.study.model.cell import Cell

SYSTEM = 1.12  # the guest's system dirties pages, too: 112 MiB/s were measured with a workload of 100 MiB/s
STALLED = 0.96  # of the pass before: one that is hardly smaller is followed by others of its size


def migration_s(cell: Cell, memory_bytes: int) -> float | None:
    """The seconds of one migration, infinite if it does not converge; None if the plan does not tell."""
    plan = cell.plan
    dirtied = _dirty_rate(cell)
    if not plan.bandwidth_mib_s or not memory_bytes or dirtied is None:
        return None
    rate, working_set = dirtied
    memory, limit = memory_bytes / MIB, float(plan.bandwidth_mib_s)
    if plan.technique == POST_COPY_MANUAL:  # a study switches at once, and each page is sent once
        return memory / limit
    switch_s = plan.timeout_s if plan.technique == POST_COPY_TIMEOUT else math.inf
    found = _passes_s(memory, limit, min(rate, limit * memory), min(working_set, memory), plan.downtime_ms, switch_s)
    return None if found == math.inf and plan.auto_converge else found  # it slows the guest until it may converge


def _dirty_rate(cell: Cell) -> tuple[float, float] | None:
    """MiB that a second dirties, and those that are dirtied again and again; None for a command, which is unknown."""
    spec = cell.spec
    if spec is None or spec.name == CPU:
        return 0.0, 0.0
    if spec.name != MEMORY:
        return None
    return SYSTEM * spec.rate_mib_s or math.inf, float(spec.working_set_mib)


def _passes_s(
    memory: float, limit: float, rate: float, working_set: float, downtime_ms: float, switch_s: float
) -> float:
    """The time of all passes, and after `switch_s` of post-copy, which sends each page that remains once."""
    rest, passed_s = memory, 0.0
    while True:
        pass_s = rest / limit
        if passed_s + pass_s >= switch_s:
            part_s = switch_s - passed_s
            return switch_s + min(memory, rest - limit * part_s + min(working_set, rate * part_s)) / limit
        passed_s += pass_s
        dirtied = min(working_set, rate * pass_s)
        if dirtied <= limit * downtime_ms / 1000:
            return passed_s + dirtied / limit
        if dirtied > STALLED * rest:
            return switch_s + dirtied / limit
        rest = dirtied
