"""The table, the picture and the remedies of a forecast."""

import math
from dataclasses import replace

import pytest

from tests.unit.forecast.fake_forecaster import MEASURED, measured
from tui.core.plan import AUTOMATIC, POST_COPY_MANUAL, POST_COPY_TIMEOUT, PRE_COPY, Plan
from tui.core.quantity import GIB, MIB
from tui.forecast.model.advice import remedies
from tui.forecast.model.chosen import chosen
from tui.forecast.model.dirty_curve import DirtyCurve
from tui.forecast.model.forecast import AUTO_CONVERGE, Inputs, forecast
from tui.forecast.model.interval import Interval
from tui.forecast.model.steered import techniques_of
from tui.forecast.widgets.picture import curve_picture
from tui.forecast.widgets.table import ends, no_post_copy, table
from tui.ui.chart.curves import Curves, load
from tui.ui.chart.picture import AREA
from tui.ui.chart.sheet import compose

WIDTH = 76


def lines(of: Inputs, plan: Plan, width: int = WIDTH) -> list[str]:
    return [line for line, _ in table(techniques_of(of), chosen(plan), "post-copy at once", width)]


def converges(of: Inputs) -> bool:
    return forecast(PRE_COPY, of).converges


def test_each_column_has_one_unit() -> None:
    assert lines(replace(measured(), timeout_s=25.0), Plan("guest1", POST_COPY_TIMEOUT)) == [
        "> chosen * advised       ends  total, s       pause, ms      sent, GiB",
        "   pre-copy              no    no end         -              -",
        "   auto-converge         yes   47 (39-69)     315 (220-500)  5.0 (4.5-6.9)",
        ">  post-copy after 25 s  yes   28 (27-29)     10 (3.0-200)   2.9 (2.7-3.2)",
        " * post-copy at once     yes   5.0 (4.3-6.5)  10 (3.0-200)   0.44",
        "   automatic             yes   5.0 (4.3-6.5)  10 (3.0-200)   0.44",
    ]


@pytest.mark.parametrize("workload", MEASURED)
@pytest.mark.parametrize("memory", [1, 4, 64, 1024])
def test_the_table_fits_80_columns(workload: int, memory: int) -> None:
    of = measured(workload)
    size = memory * GIB
    unsure = Interval(0.2 * size, 0.45 * size, 0.9 * size)
    large = replace(of, curve=replace(of.curve, memory=size), first=unsure, timeout_s=2500.0)
    assert max(map(len, lines(large, Plan("guest1")))) <= WIDTH


def test_why_post_copy_is_missing_takes_at_most_two_lines() -> None:
    why = "Post-copy over parallel connections cannot start: QEMU allows it since 10.1, this host has 10.0.0"
    found = [line for line, _ in no_post_copy(why, WIDTH)]
    assert " ".join(each.strip() for each in found) == why
    assert len(found) == 2
    assert len(no_post_copy(5 * why, WIDTH)) == 2
    assert no_post_copy("", WIDTH) == []


def test_an_unsure_verdict_has_a_question_mark() -> None:
    found = forecast(PRE_COPY, measured(30))
    assert ends(found) == "yes"
    assert ends(replace(found, certain=False)) == "yes?"
    assert ends(replace(found, ratio=0.95)) == "yes?"
    assert ends(replace(found, converges=False, ratio=3.0)) == "no"
    assert ends(replace(found, converges=False, ratio=1.05)) == "no?"


def test_a_bound_without_end_is_shown() -> None:
    found = replace(forecast(PRE_COPY, measured(30)), total_s=Interval(5.0, 8.0, math.inf))
    assert "8.0 (5.0-∞)" in table([found], "", "", WIDTH)[1][0]


@pytest.mark.parametrize(
    ("plan", "name"),
    [
        (Plan("guest1"), PRE_COPY),
        (Plan("guest1", auto_converge=True), AUTO_CONVERGE),
        (Plan("guest1", POST_COPY_MANUAL), PRE_COPY),
        (Plan("guest1", POST_COPY_TIMEOUT, 12.5), "post-copy after 12.5 s"),
        (Plan("guest1", AUTOMATIC, auto_converge=True), AUTOMATIC),
        (Plan("guest1", AUTOMATIC, shadow=True), PRE_COPY),
    ],
)
def test_the_chosen_technique_is_one_of_the_forecast(plan: Plan, name: str) -> None:
    timeout_s = plan.timeout_s if plan.technique == POST_COPY_TIMEOUT else None
    assert chosen(plan) == name
    assert name in [each.technique for each in techniques_of(replace(measured(), timeout_s=timeout_s))]


def test_each_remedy_alone_lets_pre_copy_end() -> None:
    of = measured(1000)
    assert remedies(of) == "Pre-copy would end with: downtime 3.0 s, or 330 MiB/s, or workload at 34 %."
    assert not converges(of)
    assert converges(replace(of, max_downtime_s=3.0))
    assert converges(replace(of, bandwidth=Interval.exact(330 * MIB)))
    assert converges(replace(of, curve=of.curve.faster(0.34)))


def test_where_pre_copy_ends_the_remedies_show_what_would_still_do() -> None:
    of = measured(30)
    assert remedies(of) == "Lowest limits with which pre-copy still ends: downtime 1.0 ms, or 36 MiB/s."
    assert converges(replace(of, bandwidth=Interval.exact(36 * MIB)))


def test_no_bandwidth_is_named_where_any_or_none_would_do() -> None:
    idle = replace(measured(30), curve=DirtyCurve(((1.0, 0.0),), 1e9))
    assert remedies(idle) == "Lowest limits with which pre-copy still ends: downtime 1.0 ms."
    huge = replace(measured(), curve=DirtyCurve(((1e-6, 1e14), (1.0, 1e14)), 1e14), max_downtime_s=0.001)
    assert "/s" not in remedies(huge)


def test_an_idle_vm_needs_no_remedy_and_has_a_picture() -> None:
    of = replace(measured(), curve=DirtyCurve((), GIB))
    assert remedies(of) == ""
    assert [each.form for each in curve_picture(of).series if each.form == AREA] == []


@pytest.mark.parametrize("workload", [300, 1000])
def test_the_area_is_where_the_curve_is_above_the_link_after_the_maximum_downtime(workload: int) -> None:
    of = measured(workload)
    area = next(each for each in curve_picture(of).series if each.form == AREA)
    filled = [(x, y, floor) for x, y, floor in zip(area.xs, area.ys, area.floors, strict=True) if y is not None]
    assert filled
    assert all(floor is not None and y > floor for _, y, floor in filled)
    assert filled[0][0] == pytest.approx(of.max_downtime_s, abs=0.02)
    crossing = filled[-1][0]
    assert of.curve.at(crossing) == pytest.approx(of.bandwidth.likely * crossing, rel=0.01)


@pytest.mark.parametrize("workload", [30, 100])
def test_no_area_is_drawn_where_pre_copy_ends(workload: int) -> None:
    of = replace(measured(workload), bandwidth=Interval.exact(130 * MIB))
    assert [each.name for each in curve_picture(of).series] == ["dirtied", "link"]


@pytest.mark.parametrize("size", [(76, 18), (40, 8), (112, 18), (10, 4), (3, 2)])
def test_the_picture_can_be_drawn_at_any_size(size: tuple[int, int]) -> None:
    load()
    rows = [row.text for row in compose(curve_picture(measured()), *size, Curves())]
    assert [len(row) for row in rows] == [size[0]] * size[1]
    assert any("pre-copy\u00a0hangs\u00a0here" in row for row in rows) == (size[0] >= 76)
