"""The forecast of the technique "automatic": each policy decides about simulated passes as about real ones."""

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest

from tui.core.plan import AT_ONCE, AUTOMATIC, PRE_COPY
from tui.core.quantity import GIB, MIB
from tui.forecast.model.ahead import EndedPass, Position, updated
from tui.forecast.model.dirty_curve import DirtyCurve
from tui.forecast.model.forecast import AUTO_CONVERGE, Forecast, Inputs
from tui.forecast.model.interval import Interval
from tui.forecast.model.policy import POLICIES
from tui.forecast.model.steered import Rules, ahead_by_rules, automatic, techniques_of

LINK, FIRST = 100.0 * MIB, 450.0 * MIB
# The guest rewrites 300 MiB in each pass.
FLAT_OUT = Inputs(
    DirtyCurve.of_workload(1000 * MIB, 300 * MIB, GIB),
    Interval.exact(FIRST),
    Interval.exact(LINK),
    "a probe",
    0.3,
    Interval.exact(1.0),
    Interval.exact(0.2),
    Interval.exact(0.04),
    exact_curve=True,
)
SLOW = replace(FLAT_OUT, curve=DirtyCurve.of_workload(30 * MIB, 300 * MIB, GIB))
AT_ONCE_S = 1 + 0.04 + 4.5
AFTER_PASS_1_S = AT_ONCE_S + 3


def by_name(inputs: Inputs) -> Mapping[str, Forecast]:
    return {each.technique: each for each in techniques_of(inputs)}


@pytest.mark.parametrize(
    ("policy", "total_s", "passes", "downtime_s"),
    [
        ("forecast", AT_ONCE_S, 1, 0.04),
        ("virsh-first-pass", AFTER_PASS_1_S, 1, 0.04),
        ("nova", 1603.0, None, 0.04),  # 800 s for each of 2 GiB, then what a pass leaves
        ("proxmox", None, None, 3.2),  # at last the downtime holds all that is rewritten: 100 ms, doubled 5 times
    ],
)
def test_each_policy_is_simulated_by_its_rules(
    policy: str, total_s: float | None, passes: int | None, downtime_s: float
) -> None:
    found = automatic(replace(FLAT_OUT, policy=policy))
    assert (found.technique, found.converges) == (AUTOMATIC, True)
    assert found.downtime_s.likely == pytest.approx(downtime_s)
    if total_s is not None:
        assert found.total_s.likely == pytest.approx(total_s, rel=0.03)
    if passes is not None:
        assert found.passes.likely == passes


def test_a_policy_without_post_copy_takes_a_pass_for_each_of_its_polls() -> None:
    found = automatic(replace(FLAT_OUT, policy="proxmox"))
    assert 30 <= found.passes.likely <= 32  # 6 of them for each of 5 doublings
    assert found.total_s.likely == pytest.approx(1 + 4.5 + 3 * found.passes.likely, abs=3.1)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_that_does_nothing_is_pre_copy(policy: str) -> None:
    idle = replace(FLAT_OUT, curve=DirtyCurve.of_workload(1 * MIB, 2 * MIB, GIB), policy=policy)
    found = by_name(idle)
    if policy != "virsh-first-pass":
        assert found[AUTOMATIC].total_s == found[PRE_COPY].total_s


def test_a_verdict_that_is_not_sure_lets_the_passes_prove_it() -> None:
    """What the real policy does, too: it switches before the first pass only if the forecast is sure."""
    near = replace(FLAT_OUT, curve=DirtyCurve.of_workload(105 * MIB, 900 * MIB, GIB))
    found = by_name(near)
    assert not found[PRE_COPY].sure
    assert found[AUTOMATIC].total_s.likely > found[AT_ONCE].total_s.likely + 2 * 4.5
    assert found[AUTOMATIC].passes.likely >= 3


@pytest.mark.parametrize("policy", ["nova", "kubevirt", "ovirt", "proxmox"])
@pytest.mark.parametrize("limit_s", [8.0, 12.0, 30.0])
def test_the_longest_total_time_is_kept_with_every_policy(policy: str, limit_s: float) -> None:
    found = automatic(replace(FLAT_OUT, policy=policy, total_s=limit_s))
    assert found.total_s.likely <= limit_s + 0.04
    assert found.total_s.likely > limit_s - 3.1  # no earlier than a pass before it


def test_a_limit_that_pre_copy_keeps_changes_nothing() -> None:
    assert automatic(replace(SLOW, total_s=60.0)) == automatic(SLOW)


def test_without_post_copy_the_vm_is_slowed_down_and_nothing_is_switched() -> None:
    found = by_name(replace(FLAT_OUT, post_copy_refused="not allowed", total_s=10.0))
    assert found[AUTOMATIC].total_s == found[AUTO_CONVERGE].total_s
    assert AT_ONCE not in found


def test_a_policy_that_never_ends_it_has_no_end() -> None:
    huge = DirtyCurve.of_workload(100 * GIB, 900 * GIB, 1000 * GIB)  # 2000 s of downtime do not hold it
    found = automatic(replace(FLAT_OUT, curve=huge, first=Interval.exact(900.0 * GIB), policy="proxmox"))
    assert not found.converges
    assert math.isinf(found.total_s.likely)


# -- while it runs --


def rules(policy: str, *ended: EndedPass, **more: object) -> Rules:
    return Rules(POLICIES[policy], float(GIB), None, ended=ended, **more)  # type: ignore[arg-type]


PASS = EndedPass(4.5, 300.0 * MIB, 5.5)
POSITION = Position(5.5, 0.0, 300.0 * MIB)


def test_its_own_switch_is_ahead() -> None:
    """Two more passes prove it; then post-copy sends what the last one left."""
    found = ahead_by_rules(updated(FLAT_OUT, [PASS], LINK), POSITION, rules("forecast", PASS))
    assert (found.converges, found.certain) == (True, True)
    assert found.total_s.likely == pytest.approx(5.5 + 2 * 3 + 0.04 + 3)
    assert found.downtime_s.likely == 0.04
    assert found.cone[-1][1:] == (0.0, 0.0)


@pytest.mark.parametrize(("total_s", "end_s"), [(0.0, 14.54), (12.0, 11.54), (10.0, 8.54)])
def test_the_longest_total_time_is_ahead(total_s: float, end_s: float) -> None:
    found = ahead_by_rules(updated(FLAT_OUT, [PASS], LINK), POSITION, rules("forecast", PASS, total_s=total_s))
    assert found.total_s.likely == pytest.approx(end_s)


def test_where_it_may_not_switch_there_is_no_end_ahead() -> None:
    found = ahead_by_rules(updated(FLAT_OUT, [PASS], LINK), POSITION, rules("forecast", PASS, post_copy=False))
    assert (found.converges, math.isinf(found.total_s.likely)) == (False, True)
    assert 1 < len(found.cone) < 20


def test_a_downtime_of_a_person_is_not_changed_by_a_policy() -> None:
    inputs, position = updated(FLAT_OUT, [PASS], LINK), replace(POSITION, remaining=100.0 * MIB)
    doubling, kept = (
        ahead_by_rules(inputs, position, rules("proxmox", PASS, keeps_downtime=each)) for each in (False, True)
    )
    assert (doubling.converges, kept.converges) == (True, False)
