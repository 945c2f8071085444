"""The policies, each on a simulated migration whose workload may change its rate while it runs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tui.core.plan import PRE_COPY
from tui.core.quantity import GIB, MIB
from tui.forecast.model.ahead import EndedPass
from tui.forecast.model.dirty_curve import DirtyCurve
from tui.forecast.model.forecast import Inputs, forecast
from tui.forecast.model.interval import Interval
from tui.forecast.model.policy import ADVICE, DOWNTIME, POLICIES, POST_COPY, Policy, Polls, View

LINK = 112.0 * MIB
FIRST = 450.0 * MIB
FLAT_OUT = DirtyCurve.of_workload(1000 * MIB, 300 * MIB, GIB)
SLOW = DirtyCurve.of_workload(30 * MIB, 300 * MIB, GIB)
NEAR = DirtyCurve.of_workload(105 * MIB, 900 * MIB, GIB)

Workload = Callable[[float], DirtyCurve]  # at the seconds since the start


@dataclass(frozen=True)
class Run:
    """How a simulated migration ended; `pre_copy` by itself, else by post-copy at `switched_s`."""

    total_s: float
    switched_s: float | None
    passes: int
    downtimes_ms: tuple[int, ...]
    reason: str = ""


def run(policy: Policy, workload: Workload, inputs: Inputs | None = None, limit_s: float = 5000.0, **more: bool) -> Run:
    """Pre-copy on a link of LINK, in passes; the policy decides at the begin, and at the end of each pass."""
    t, rest, downtime_s, passes, downtimes = 0.0, FIRST, 0.3, [], []
    in_pass_s, polls, sent = 0.0, Polls(), 0.0
    while t < limit_s:
        post_copy = more.get("post_copy", True)
        view = View(t, in_pass_s, rest, GIB, tuple(passes), LINK, downtime_s, post_copy, inputs, polls.grown)
        while (decision := policy.decide(view)) is not None:
            if decision.kind == ADVICE:
                break
            if decision.kind == POST_COPY:
                return Run(t + rest / LINK, t, len(passes), tuple(downtimes), decision.reason)
            downtimes.append(decision.value or 0)
            downtime_s = (decision.value or 0) / 1000
            view = replace(view, max_downtime_s=downtime_s)
        seconds = rest / LINK
        left = workload(t).at(seconds)
        for part in (n / 100 for n in range(101)):
            polls.add(t + part * seconds, round(rest * (1 - part)), round(sent + rest * part))
        t, sent = t + seconds, sent + rest
        passes.append(EndedPass(seconds, left, t))
        if left <= downtime_s * LINK:
            return Run(t + left / LINK, None, len(passes), tuple(downtimes))
        rest = left
    return Run(limit_s, None, len(passes), tuple(downtimes))


def measured(curve: DirtyCurve) -> Inputs:
    windows = [(seconds, curve.at(seconds) / seconds) for seconds in (1.0, 2.0, 4.0, 8.0)]
    return Inputs(
        DirtyCurve.measured(windows, GIB),
        Interval.exact(FIRST),
        Interval(0.95 * LINK, LINK, 1.05 * LINK),
        "a probe",
        0.3,
    )


OURS = POLICIES["forecast"]


def test_measured_not_to_converge_it_switches_before_the_first_pass() -> None:
    found = run(OURS, lambda _: FLAT_OUT, measured(FLAT_OUT))
    assert (found.switched_s, found.passes) == (0, 0)
    assert found.reason.startswith("pre-copy would not converge: the VM dirties 300 MiB within 1.0 s")


def test_the_reason_names_the_window_in_which_the_link_is_too_slow() -> None:
    bursts = DirtyCurve(((1.0, 100 * MIB), (2.0, 350 * MIB), (8.0, 420 * MIB)), GIB)
    found = run(OURS, lambda _: bursts, replace(measured(FLAT_OUT), curve=bursts))
    assert found.reason.startswith("pre-copy would not converge: the VM dirties 350 MiB within 2.0 s")
    assert found.reason.endswith("and the link moves 224 MiB in that time")


def test_without_a_measurement_the_passes_prove_it() -> None:
    found = run(OURS, lambda _: FLAT_OUT)
    assert found.passes == 3
    assert found.reason == "the last passes left no less than before: 300 MiB, 300 MiB, 300 MiB"


def test_a_workload_that_converges_is_never_switched() -> None:
    for inputs in (None, measured(SLOW), measured(NEAR)):
        assert run(OURS, lambda _: SLOW, inputs).switched_s is None


def test_near_the_border_it_does_not_switch_before_the_passes_prove_it() -> None:
    found = run(OURS, lambda _: DirtyCurve.of_workload(118 * MIB, 900 * MIB, GIB), measured(NEAR))
    assert found.switched_s is not None
    assert found.passes >= 2


def test_a_slow_workload_that_becomes_fast_is_switched_by_its_passes() -> None:
    found = run(OURS, lambda t: SLOW if t < 3 else FLAT_OUT, measured(SLOW))
    assert found.switched_s is not None
    assert found.passes <= 4


def test_a_fast_workload_that_becomes_slow_is_not_switched() -> None:
    found = run(OURS, lambda t: FLAT_OUT if t < 4 else SLOW)
    assert found.switched_s is None
    assert found.total_s < 12


def test_one_burst_does_not_switch() -> None:
    assert run(OURS, lambda t: FLAT_OUT if 4 < t < 5 else SLOW, measured(SLOW)).switched_s is None


def test_post_copy_that_is_not_allowed_is_never_decided() -> None:
    for name, policy in POLICIES.items():
        found = run(policy, lambda _: FLAT_OUT, measured(FLAT_OUT), 200.0, post_copy=False)
        assert found.switched_s is None, name


def test_it_switches_only_at_the_low_point() -> None:
    passes = tuple(EndedPass(2.7, 300.0 * MIB, t) for t in (4.0, 6.7, 9.4))
    at = {"elapsed_s": 9.4, "in_pass_s": 0.0, "memory": GIB, "passes": passes, "bandwidth": LINK, "max_downtime_s": 0.3}
    assert OURS.decide(View(remaining=300 * MIB, post_copy=True, **at)) is not None  # type: ignore[arg-type]
    assert OURS.decide(View(remaining=150 * MIB, post_copy=True, **at)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(("rate", "switches"), [(1000, True), (115, False)])
def test_two_passes_prove_only_what_the_forecast_was_sure_of(rate: int, switches: bool) -> None:
    """A third one may still shrink where the forecast was near the border."""
    inputs = measured(DirtyCurve.of_workload(rate * MIB, 300 * MIB, GIB))
    assert not forecast(PRE_COPY, inputs).converges
    passes = (EndedPass(4.0, 300.0 * MIB, 4.0), EndedPass(2.7, 300.0 * MIB, 6.7))
    view = View(6.7, 0.0, 300 * MIB, GIB, passes, LINK, 0.3, post_copy=True, inputs=inputs)
    assert (OURS.decide(view) is not None) is switches


STALLED = tuple(EndedPass(2.7, left * MIB, t) for left, t in ((300.0, 4.0), (302.0, 6.7), (301.0, 9.4)))
NO_POST_COPY = View(9.4, 0.0, 301 * MIB, GIB, STALLED, LINK, 0.3, post_copy=False)


def test_without_post_copy_it_advises_the_downtime_that_would_do() -> None:
    decision = OURS.decide(NO_POST_COPY)
    assert decision is not None
    assert (decision.kind, decision.value) == (ADVICE, 2700)  # 302 MiB at 112 MiB/s
    assert decision.reason == (
        "post-copy is not possible, and the last passes left no less than before: 300 MiB, 302 MiB, 301 MiB"
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"slows": True},  # auto-converge may still do
        {"passes": STALLED[:2]},  # not proved yet
        {"max_downtime_s": 2.7},
        {"bandwidth": None},
        {"remaining": 100 * MIB},  # in the middle of a pass
        {"bandwidth": 100.0},  # no downtime that QEMU accepts would do
    ],
)
def test_it_advises_nothing_that_is_not_proved_or_would_not_do(changed: dict[str, Any]) -> None:
    assert OURS.decide(replace(NO_POST_COPY, **changed)) is None


def test_virsh_switches_after_the_first_pass_whatever_it_left() -> None:
    found = run(POLICIES["virsh-first-pass"], lambda _: SLOW)
    assert (found.passes, found.switched_s) == (1, pytest.approx(FIRST / LINK))


def test_nova_raises_the_downtime_in_steps_and_switches_at_its_timeout() -> None:
    found = run(POLICIES["nova"], lambda _: FLAT_OUT)
    assert found.downtimes_ms == (50, 95, 140, 185, 230, 275, 320, 365, 410, 455, 500)
    assert found.switched_s == pytest.approx(1600, abs=4)  # 800 s for each of at least 2 GiB


def test_nova_counts_parts_of_a_gib() -> None:
    view = View(2001.0, 0.0, FIRST, 2.5 * GIB, (), LINK, 0.5, post_copy=True)
    decision = POLICIES["nova"].decide(view)
    assert decision is not None
    assert decision.kind == POST_COPY
    assert POLICIES["nova"].decide(replace(view, elapsed_s=2000.0)) is None


def test_ovirt_takes_a_step_at_a_poll_that_sees_a_new_pass() -> None:
    """Passes of 2.7 s: it polls at 10 s, and after 4 more passes at 20, 30 and 40 s."""
    found = run(POLICIES["ovirt"], lambda _: FLAT_OUT)
    assert found.downtimes_ms == (100, 150, 200)
    assert found.switched_s == pytest.approx(41.5, abs=1.5)


@pytest.mark.parametrize(("seconds", "steps"), [(100.0, (100, 150, 200)), (8.0, (100, 150, 200))])
def test_ovirt_counts_passes_and_not_polls(seconds: float, steps: tuple[int, ...]) -> None:
    """Of passes that are longer than a poll, the second since the first poll takes the first step."""
    taken = []
    for number in range(8):
        passes = tuple(EndedPass(seconds, 300.0 * MIB, seconds * (each + 1)) for each in range(number))
        view = View(seconds * number + 10, 10.0, 9e9, GIB, passes, LINK, 0.001, post_copy=True)
        decision = POLICIES["ovirt"].decide(view)
        assert decision is not None
        taken.append(decision.value)
    assert tuple(dict.fromkeys(taken)) == (*steps, None)
    if seconds > 10:
        assert taken == [100, 100, 150, 200, None, None, None, None]


def test_proxmox_doubles_the_downtime_until_the_rest_fits() -> None:
    found = run(POLICIES["proxmox"], lambda _: FLAT_OUT)
    assert found.downtimes_ms == (100, 200, 400, 800, 1600, 3200)
    assert found.switched_s is None
    assert 30 <= found.passes <= 32  # each is longer than a poll, so that each is seen to grow


def test_proxmox_does_not_see_each_of_the_passes_that_are_shorter_than_its_polls() -> None:
    short = DirtyCurve.of_workload(1000 * MIB, 40 * MIB, GIB)  # 0.36 s
    found = run(POLICIES["proxmox"], lambda _: short)
    assert found.downtimes_ms == (100, 200, 400)
    assert 12 < found.passes < 40


def polled(*samples: tuple[float, int, int]) -> int:
    polls = Polls()
    for t, remaining, sent in samples:
        polls.add(t, remaining, sent)
    return polls.grown


@pytest.mark.parametrize(
    ("samples", "grown"),
    [
        ([(1.0, 50, 100), (2.0, 90, 200), (3.0, 60, 300)], 1),
        ([(1.0, 50, 100), (1.5, 90, 150), (2.0, 50, 200)], 0),  # it rose and fell between two polls
        ([(1.0, 900, 100), (2.0, 950, 100), (3.0, 900, 200)], 0),  # nothing was sent
        ([(1.0, 900, 100), (2.0, 0, 200), (3.0, 500, 300)], 1),  # 0 counts, and more than 0 does not
        # less remains than is sent between two polls: it polls each 0.1 s from then on
        ([(1.0, 900, 100), (2.0, 40, 200), (2.1, 60, 210), (2.2, 50, 220), (2.3, 70, 230)], 2),
        ([(1.0, 900, 100), (2.0, 800, 200), (2.1, 860, 210), (2.2, 850, 220), (2.3, 870, 230)], 0),
    ],
)
def test_the_polls_of_proxmox_count_what_they_see(samples: list[tuple[float, int, int]], grown: int) -> None:
    assert polled(*samples) == grown


def test_kubevirt_switches_when_it_has_stalled_for_60_s() -> None:
    found = run(POLICIES["kubevirt"], lambda _: FLAT_OUT)
    assert found.switched_s == pytest.approx(65, abs=4)


def test_kubevirt_takes_a_higher_point_when_the_low_one_does_not_come_back() -> None:
    higher = DirtyCurve.of_workload(1000 * MIB, 400 * MIB, GIB)
    found = run(POLICIES["kubevirt"], lambda t: FLAT_OUT if t < 20 else higher)
    assert found.switched_s is not None
    assert found.switched_s > 120


def lefts(*each: int) -> tuple[EndedPass, ...]:
    """Passes of 10 s that left so many MiB."""
    return tuple(EndedPass(10.0, left * float(MIB), 10.0 * (number + 1)) for number, left in enumerate(each))


@pytest.mark.parametrize(
    ("passes", "switches"),
    [
        (lefts(300, 300, 300, 300, 300, 300), False),  # none is 60 s old
        (lefts(300, 300, 300, 300, 300, 300, 300), True),
        (lefts(300, 290, 280, 270, 260, 250, 240), False),  # it makes progress
        (lefts(300, 300, 200, 300, 300, 300, 300), False),  # stalled, but not at its low point
        (lefts(300, 300, 200, 300, 300, 300, 300, 205), True),
        (lefts(300, 300, 200, 300, 300, 300, 300, 305), False),
    ],
)
def test_kubevirt_switches_at_a_low_point_after_the_stall(passes: tuple[EndedPass, ...], switches: bool) -> None:
    newest = passes[-1]
    view = View(newest.ended_s, 0.0, newest.left, 8.0 * GIB, passes, LINK, 0.3, post_copy=True)
    assert (POLICIES["kubevirt"].decide(view) is not None) is switches


def test_kubevirt_switches_when_its_time_is_over_but_not_over_a_link_that_is_down() -> None:
    view = View(151.0, 3.0, 100.0 * MIB, GIB, lefts(300, 200), LINK, 0.3, post_copy=True)
    decision = POLICIES["kubevirt"].decide(view)
    assert decision is not None
    assert decision.reason == "it took longer than 150 s per GiB"
    assert POLICIES["kubevirt"].decide(replace(view, elapsed_s=149.0)) is None
    assert POLICIES["kubevirt"].decide(replace(view, bandwidth=0.5 * MIB)) is None


def test_ours_is_the_fastest_where_pre_copy_does_not_converge() -> None:
    totals = {name: run(policy, lambda _: FLAT_OUT, measured(FLAT_OUT)).total_s for name, policy in POLICIES.items()}
    assert min(totals, key=totals.__getitem__) == "forecast"
    assert totals["forecast"] == pytest.approx(FIRST / LINK)


def test_a_decision_on_the_downtime_is_not_repeated() -> None:
    view = View(0.0, 0.0, FIRST, GIB, (), LINK, 0.1, post_copy=True)
    assert POLICIES["ovirt"].decide(view) is None
    decision = POLICIES["ovirt"].decide(View(**{**vars(view), "max_downtime_s": 0.3}))
    assert decision is not None
    assert (decision.kind, decision.value) == (DOWNTIME, 100)
