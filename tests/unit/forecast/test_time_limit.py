"""The longest total time of the technique "automatic"."""

from dataclasses import replace

import pytest

from tui.core.quantity import GIB, MIB
from tui.forecast.model import time_limit
from tui.forecast.model.ahead import EndedPass
from tui.forecast.model.dirty_curve import DirtyCurve
from tui.forecast.model.forecast import Inputs
from tui.forecast.model.interval import Interval
from tui.forecast.model.policy import POST_COPY, View

PASS = EndedPass(4.0, 300.0 * MIB, 5.0)
LINK = Interval.exact(100.0 * MIB)
FLAT_OUT = Inputs(DirtyCurve.of_workload(1000 * MIB, 300 * MIB, GIB), Interval.exact(450.0 * MIB), LINK, "a probe", 0.3)
IDLE = replace(FLAT_OUT, curve=DirtyCurve.of_workload(1 * MIB, 20 * MIB, GIB))
LATER = View(20.0, 0.0, 300.0 * MIB, GIB, (PASS,), 100.0 * MIB, 0.3, post_copy=True)
FIRST = replace(LATER, elapsed_s=1.0, remaining=8.0 * GIB, passes=())  # most of it are zero pages
FORECAST = replace(FIRST, to_send=450.0 * MIB)


@pytest.mark.parametrize(
    ("view", "total_s", "switches"),
    [
        (LATER, 0.0, False),  # no limit
        (LATER, 26.0, False),  # this pass until 23 s, one more until 25.25 s
        (LATER, 24.0, True),  # post-copy keeps it now, but not after this pass
        (LATER, 23.0, True),
        (LATER, 10.0, True),  # it has passed already
        (replace(LATER, post_copy=False), 10.0, False),
        (replace(LATER, bandwidth=None), 10.0, False),
        (replace(LATER, remaining=20.0 * MIB), 10.0, False),  # pre-copy ends with this pass
        (FIRST, 30.0, False),  # what the zero pages leave to send is unknown
        (replace(FIRST, elapsed_s=31.0), 30.0, True),
        (FORECAST, 30.0, False),
        (FORECAST, 5.0, True),
        (replace(FORECAST, inputs=FLAT_OUT), 8.0, True),  # 5.5 s and 300 MiB more
        (replace(FORECAST, inputs=FLAT_OUT), 9.0, False),
        (replace(FORECAST, inputs=IDLE), 6.0, False),  # pre-copy ends with the first pass
    ],
)
def test_post_copy_comes_when_only_it_keeps_the_limit(view: View, total_s: float, switches: bool) -> None:
    decision = time_limit.decide(view, total_s)
    assert (decision is not None and decision.kind == POST_COPY) == switches


def test_the_reason_names_the_limit_and_what_the_rest_needs() -> None:
    decision = time_limit.decide(LATER, 22.0)
    assert decision is not None
    assert decision.reason == "the longest total time is 22 s, and the rest needs 3.0 s"


def test_the_reason_names_the_pass_that_would_be_too_long() -> None:
    decision = time_limit.decide(LATER, 24.0)
    assert decision is not None
    assert decision.reason == "the longest total time is 24 s, and one more pass would exceed it"


def test_a_rest_that_is_unknown_is_not_called_none() -> None:
    decision = time_limit.decide(replace(FIRST, elapsed_s=31.0), 30.0)
    assert decision is not None
    assert decision.reason == "the longest total time is 30 s, which have passed in the first pass"
