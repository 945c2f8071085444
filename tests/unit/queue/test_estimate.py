"""How long a queue takes."""

from dataclasses import replace

import pytest

from tests.unit.queue.plans import cost, entry, failed, moved, plan, progress, running
from tui.core.quantity import MIB
from tui.forecast.model.interval import Interval
from tui.forecast.model.link import OF_LIMIT
from tui.queue.model.estimate import BY_LIMIT, Estimate, estimate
from tui.queue.model.plan import Cost, QueuePlan
from tui.queue.model.status import status_fields

FIRST, SECOND = entry(1, cost=cost(1000)), entry(2, "c", cost=cost(1000))  # 11 s each, alone


@pytest.mark.parametrize(
    ("made", "seconds"),
    [
        (plan(FIRST), 11.0),
        (plan(FIRST, SECOND, at_once=1), 22.0),
        (plan(FIRST, SECOND), 21.0),  # they share the link of their host, and connect at once
        (plan(FIRST, entry(2, "c", cost=cost(500))), 16.0),  # the longer one has the link alone in the end
        (plan(FIRST, SECOND, bandwidth=50 * MIB), 41.0),  # the budget is less than the link
        (plan(FIRST, SECOND, bandwidth=1000 * MIB), 21.0),  # or more
    ],
)
def test_the_time_in_all(made: QueuePlan, seconds: float) -> None:
    found = estimate(made, progress()).seconds
    assert found is not None
    assert found.likely == pytest.approx(seconds)


def test_the_order_does_not_change_the_time_in_all_over_one_link() -> None:
    sizes = (200, 3000, 700, 1500)
    orders = (sizes, sorted(sizes), sorted(sizes, reverse=True))
    times = []
    for order in orders:
        found = estimate(plan(*(entry(number, cost=cost(size, setup_s=0)) for number, size in enumerate(order, 1))),
                         progress()).seconds  # fmt: skip
        assert found is not None
        times.append(found.likely)
    assert times == [pytest.approx(54.0)] * 3


def test_what_is_done_is_not_counted_and_what_runs_only_as_far_as_it_is_left() -> None:
    found = estimate(plan(FIRST, SECOND), progress(moved(1), running(2, "c")), {2: 100.0 * MIB}).seconds
    assert found is not None
    assert found.likely == pytest.approx(1.0)


def test_a_retry_elsewhere_takes_what_the_way_there_takes() -> None:
    both = {"b": cost(1000), "c": cost(3000)}
    made = plan(entry(1, costs=both, doubts={"b": "old"}))
    for log, seconds in ((failed(1, again=True), 31.0), (running(1, "c"), 31.0), ([], 11.0)):
        found = estimate(made, progress(log)).seconds
        assert found is not None
        assert found.likely == pytest.approx(seconds)
    waits = progress(failed(1, again=True))
    (fields,) = status_fields(made, waits, estimate(made, waits), {})["entries"]
    assert (fields["target"], fields["doubt"], fields["cost"]) == ("c", "", both["c"].fields)


def test_the_bounds_are_those_of_the_links_and_of_what_is_sent() -> None:
    spread = Cost(Interval(900 * MIB, 1000 * MIB, 2000 * MIB), Interval(50 * MIB, 100 * MIB, 100 * MIB),
                  Interval(0.0, 1.0, 2.0))  # fmt: skip
    assert spread.alone_s() == Interval(9.0, 11.0, 42.0)
    assert estimate(plan(entry(1, cost=spread)), progress()).seconds == Interval(9.0, 11.0, 42.0)


def test_links_that_nothing_shows_are_as_fast_as_the_share_of_the_limit() -> None:
    unseen = replace(cost(1000), rate=None)
    both = entry(1, cost=unseen), entry(2, "c", cost=unseen)
    known = estimate(plan(*both, bandwidth=50 * MIB), progress())
    assert known.seconds is not None
    assert known.seconds.likely == pytest.approx(41.0)  # as over a faster link that is known
    assert known.seconds.high == pytest.approx(1 + 40 / OF_LIMIT)
    assert known.assumption == BY_LIMIT
    assert estimate(plan(FIRST, SECOND, bandwidth=50 * MIB), progress()).assumption == ""
    own = replace(unseen, limit=50 * MIB)  # two of it do not share it
    assert own.alone_s() == Interval(21.0, 21.0, 1 + 20 / OF_LIMIT)
    alone = estimate(plan(entry(1, cost=own), entry(2, "c", cost=own)), progress())
    assert alone.seconds == own.alone_s()


def test_what_is_unknown_is_said() -> None:
    assert estimate(plan(entry(1), entry(2)), progress()) == Estimate(None, 2)
    assert estimate(plan(entry(1), entry(2)), progress()).text == (
        "unknown: no earlier migration shows how fast the links are"
    )
    assert estimate(plan(FIRST, entry(2)), progress()).text == "about 11 s, and 1 of which nothing is known"
    assert estimate(plan(FIRST), progress(moved(1))).text == ""
