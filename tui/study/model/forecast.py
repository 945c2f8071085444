"""How long a migration takes at its bandwidth limit: the passes that the dirty rate of its workload leads to."""

import math

from tui.core.plan import AUTOMATIC, POST_COPY_MANUAL, TIMED, Plan
from tui.core.quantity import MIB
from tui.forecast.model.dirty_curve import DirtyCurve
from tui.forecast.model.forecast import Inputs
from tui.forecast.model.interval import Interval
from tui.forecast.model.pre_copy import Link, post_copy, pre_copy
from tui.forecast.model.steered import automatic
from tui.guest.model.workload import CPU, MEMORY
from tui.study.model.cell import Cell

SYSTEM = 1.12  # the guest's system dirties pages, too: 112 MiB/s were measured with a workload of 100 MiB/s


def migration_s(cell: Cell, memory_bytes: int) -> float | None:
    """The seconds of one migration, infinite if it does not converge; None if the plan does not tell."""
    plan = cell.plan
    dirtied = _dirty_rate(cell)
    if not plan.bandwidth_mib_s or not memory_bytes or dirtied is None:
        return None
    rate, working_set = dirtied
    curve, link = DirtyCurve.of_workload(rate * MIB, working_set * MIB, memory_bytes), Link(plan.bandwidth_mib_s * MIB)
    downtime_s = plan.downtime_ms / 1000
    if plan.technique == POST_COPY_MANUAL:  # a study switches at once
        return post_copy(curve, link, memory_bytes, 0.0, downtime_s).total_s
    if plan.technique in TIMED:  # a suspended VM dirties nothing either
        return post_copy(curve, link, memory_bytes, plan.timeout_s, downtime_s).total_s
    if plan.technique == AUTOMATIC and plan.post_copy:
        return _automatic(plan, curve, memory_bytes)
    found = pre_copy(curve, link, memory_bytes, downtime_s, auto_converge=plan.auto_converge).total_s
    return None if found == math.inf and plan.auto_converge else found  # it slows the guest until it may converge


def _automatic(plan: Plan, curve: DirtyCurve, memory_bytes: int) -> float:
    """The total time by the policy of the plan."""
    known = Interval.exact(0.0)
    inputs = Inputs(
        curve, Interval.exact(memory_bytes), Interval.exact(plan.bandwidth_mib_s * MIB), "the limit",
        plan.downtime_ms / 1000, known, known, known, exact_curve=True, auto_converge=plan.auto_converge,
        policy=plan.policy, total_s=plan.total_s,
    )  # fmt: skip
    return automatic(inputs).total_s.likely


def _dirty_rate(cell: Cell) -> tuple[float, float] | None:
    """MiB that a second dirties, and those that are dirtied again and again; None for a command, which is unknown."""
    spec = cell.spec
    if spec is None or spec.name == CPU:
        return 0.0, 0.0
    if spec.name != MEMORY:
        return None
    return SYSTEM * spec.rate_mib_s or math.inf, float(spec.working_set_mib)
