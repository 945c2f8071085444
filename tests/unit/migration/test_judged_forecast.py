"""How the forecast of a migration is judged at its end, and what the run teaches later ones."""

import math
from dataclasses import replace

import pytest

from tests.unit.fakes import recording
from tests.unit.migration.forecast_inputs import IDLE, INPUTS, timeline_of
from tui.core.plan import AUTOMATIC, POST_COPY_MANUAL, POST_COPY_TIMEOUT, PRE_COPY, Plan
from tui.core.quantity import GIB, MIB
from tui.forecast.model.dirty_curve import DirtyCurve
from tui.forecast.model.forecast import Forecast
from tui.forecast.model.interval import Interval
from tui.forecast.model.steered import automatic
from tui.migration.model import record
from tui.migration.model.accuracy import forecast_table, learned_figures, planned, used
from tui.migration.model.record import Event

# -- at the end --


@pytest.mark.parametrize(
    ("name", "technique", "judged"),
    [
        ("pre-copy-idle", AUTOMATIC, "automatic"),
        ("pre-copy-idle", POST_COPY_MANUAL, "pre-copy"),
        ("post-copy-timeout", POST_COPY_TIMEOUT, "post-copy after 9 s"),
        ("post-copy-by-hand", POST_COPY_MANUAL, "post-copy after 15.1 s"),
        ("post-copy-by-hand", AUTOMATIC, "post-copy after 15.1 s"),  # a person pressed the key
    ],
)
def test_the_technique_that_was_really_used_is_judged(name: str, technique: str, judged: str) -> None:
    timeline = timeline_of(recording(name), INPUTS, technique=technique)
    table = forecast_table(timeline)
    assert table is not None
    assert table["technique"] == judged


@pytest.mark.parametrize(
    ("changed", "judged"),
    [
        ({"shadow": True}, "pre-copy"),
        ({"policy": "nova"}, AUTOMATIC),
        ({"policy": "proxmox"}, AUTOMATIC),
        ({"total_s": 60.0}, AUTOMATIC),
    ],
)
def test_automatic_is_judged_by_its_policy_and_limit_and_in_the_shadow_as_pre_copy(
    changed: dict[str, object], judged: str
) -> None:
    timeline = timeline_of(recording("pre-copy-idle"), IDLE, technique=AUTOMATIC, **changed)
    table = forecast_table(timeline)
    assert table is not None
    assert table["technique"] == judged
    assert table["outcome"]["verdict_right"] is True


def test_a_switch_for_the_longest_total_time_is_judged_by_the_forecast_that_knew_it() -> None:
    """With a limit above what post-copy at once needs, its passes may go on until the limit is near."""
    decided = {"action": "automatic", "decided": "post-copy", "reason": "the longest total time is 20 s"}
    start, *rest = recording("post-copy-by-hand")
    records = [start, Event(start.t, "", record.ACTION, decided), *rest]
    inputs = replace(INPUTS, exact_curve=True)
    expected = automatic(replace(inputs, policy="nova", total_s=20.0))
    found = used(timeline_of(records, inputs, technique=AUTOMATIC, policy="nova", total_s=20.0), inputs)
    assert found == expected
    assert 15 < found.total_s.likely <= 20


def test_a_downtime_that_the_policy_set_was_forecast_so_it_is_judged() -> None:
    records = recording("pre-copy-idle")
    data = {"action": "downtime", "value": 100}
    start, *rest = records
    changed = [start, *rest[:3], Event(2.0, "", record.ACTION, data), *rest[3:]]
    table = forecast_table(timeline_of(changed, IDLE, technique=AUTOMATIC, policy="ovirt"))
    assert table is not None
    assert table["outcome"]["verdict_right"] is True


@pytest.mark.parametrize("by", [{}, {"by": "queue"}])
def test_another_bandwidth_is_not_judged_whoever_set_it(by: dict[str, str]) -> None:
    start, *rest = recording("pre-copy-idle")
    key = [] if by else [Event(2.0, "", record.KEY, {"action": "bandwidth", "value": 50})]
    action = Event(2.0, "", record.ACTION, {"action": "bandwidth", "value": 50, **by})
    timeline = timeline_of([start, *rest[:3], *key, action, *rest[3:]], IDLE)
    table = forecast_table(timeline)
    assert table is not None
    assert "outcome" not in table
    learned = learned_figures(timeline)
    assert (learned["bandwidth_bytes_s"], learned["limit_changed"]) == (None, True)


def test_a_policy_that_was_cancelled_before_it_would_act_is_not_judged() -> None:
    table = forecast_table(timeline_of(recording("cancelled"), INPUTS, technique=AUTOMATIC, policy="nova"))
    assert table is not None
    assert table["technique"] == AUTOMATIC
    assert "outcome" not in table


def judged(*events: dict[str, object], **changed: object) -> Forecast:
    """The forecast of the technique that a recorded migration with these actions used."""
    start, *rest = recording("pre-copy-idle")
    actions = [Event(3.0, "", record.ACTION, each) for each in events]
    inputs = replace(INPUTS, exact_curve=True)
    return used(timeline_of([start, *rest[:4], *actions, *rest[4:]], inputs, **changed), inputs)


WITHOUT = {"action": "automatic", "decided": "nothing", "reason": "a reason", "without_post_copy": "no userfaultfd"}
GOES_ON = {"action": "automatic", "decided": "nothing", "reason": "post-copy was refused, so it goes on"}
REFUSED = {"action": "post-copy", "failed": True}


def test_automatic_without_post_copy_is_judged_as_slowed_down() -> None:
    slowed = planned(Plan("", auto_converge=True), replace(INPUTS, exact_curve=True))
    found = judged(WITHOUT, technique=AUTOMATIC)
    assert (found.technique, found.total_s) == (AUTOMATIC, slowed.total_s)
    later = {"action": "automatic", "decided": "downtime", "value": 300, "reason": "a step"}
    assert judged(WITHOUT, later, technique=AUTOMATIC) == found  # a later decision does not undo the start


@pytest.mark.parametrize("technique", [AUTOMATIC, POST_COPY_TIMEOUT, POST_COPY_MANUAL])
def test_a_migration_whose_post_copy_was_refused_is_judged_as_its_passes_went_on(technique: str) -> None:
    found = judged(REFUSED, GOES_ON, technique=technique)
    assert (found.technique, found.converges) == (PRE_COPY, False)
    slowed = judged(REFUSED, GOES_ON, technique=technique, auto_converge=True)
    assert (slowed.technique, slowed.converges) == ("auto-converge", True)


def test_a_downtime_that_was_not_set_in_the_shadow_does_not_keep_it_from_being_judged() -> None:
    decided = {"action": "automatic", "decided": "downtime", "value": 900, "reason": "a step", "shadow": True}
    records = recording("pre-copy-idle")
    shadow = Event(2.0, "", record.ACTION, decided)
    table = forecast_table(timeline_of([*records[:4], shadow, *records[4:]], IDLE, technique=AUTOMATIC, shadow=True))
    assert table is not None
    assert "outcome" in table


def test_post_copy_is_judged_by_its_times() -> None:
    timeline = timeline_of(recording("post-copy-by-hand"), INPUTS)
    table = forecast_table(timeline)
    assert table is not None
    assert table["outcome"]["verdict_right"] is True
    assert abs(table["outcome"]["total_error"]) < 0.2
    assert math.isfinite(table["total_s"][1])


def test_a_cancelled_migration_is_judged_only_if_its_passes_prove_something() -> None:
    proved = forecast_table(timeline_of(recording("cancelled"), INPUTS, technique=PRE_COPY))
    assert proved is not None
    assert proved["outcome"] == {
        "verdict_right": True,
        "total_error": None,
        "downtime_error": None,
        "total_within": None,
        "downtime_within": None,
    }
    short = [each for each in recording("cancelled") if each.t < 6 or isinstance(each, Event)]
    unknown = forecast_table(timeline_of(short, INPUTS, technique=PRE_COPY))
    assert unknown is not None
    assert "outcome" not in unknown


def test_a_migration_whose_limits_a_person_changed_is_not_judged() -> None:
    records = recording("pre-copy-idle")
    key = Event(2.0, "", record.KEY, {"action": "downtime", "value": 900})
    table = forecast_table(timeline_of([*records[:4], key, *records[4:]], IDLE))
    assert table is not None
    assert "outcome" not in table


def test_a_migration_whose_downtime_a_policy_changed_is_not_judged_whatever_it_decided_later() -> None:
    records = recording("pre-copy-idle")
    later = {"action": "automatic", "decided": "nothing", "reason": "it is over soon", "shadow": False}
    changes = [Event(2.0, "", record.ACTION, data) for data in ({"action": "downtime", "value": 900}, later)]
    table = forecast_table(timeline_of([*records[:4], *changes, *records[4:]], IDLE))
    assert table is not None
    assert "outcome" not in table


def test_without_a_forecast_nothing_is_judged() -> None:
    assert forecast_table(timeline_of(recording("pre-copy-idle"))) is None


def test_a_run_teaches_the_rate_of_its_link_and_what_the_devices_take() -> None:
    found = learned_figures(timeline_of(recording("pre-copy-idle")))
    assert 117e6 < found["bandwidth_bytes_s"] < 124e6  # 1 Gbit/s
    assert 20 < found["device_ms"] < 60
    post_copy = learned_figures(timeline_of(recording("post-copy-by-hand")))
    assert 117e6 < post_copy["bandwidth_bytes_s"] < 124e6
    assert post_copy["device_ms"] == 10  # the pause sends no memory


def test_passes_that_end_between_two_samples_do_not_count_as_time_of_the_devices() -> None:
    """The last two passes took 77 ms; the pause of 353 ms sent what they left, 6.7 MB at 250 Mbit/s."""
    timeline = timeline_of(recording("pre-copy-slow-link"))
    assert timeline.passes[-1].left == 0
    assert 100 < learned_figures(timeline)["device_ms"] < 160


def test_a_limited_link_teaches_no_rate() -> None:
    found = learned_figures(timeline_of(recording("pre-copy-idle"), bandwidth_mib_s=20))
    assert found == {"bandwidth_bytes_s": None, "device_ms": None, "limit_changed": None}


def test_passes_that_the_link_did_not_limit_teach_nothing() -> None:
    """Much of this guest's memory was zero: the rest at the end was sent faster than the passes."""
    found = learned_figures(timeline_of(recording("guest-pre-copy")))
    assert found == {"bandwidth_bytes_s": None, "device_ms": None, "limit_changed": None}


def test_each_plan_has_its_forecast() -> None:
    plans = (Plan(""), Plan("", auto_converge=True), Plan("", AUTOMATIC), Plan("", POST_COPY_TIMEOUT, timeout_s=8))
    names = [planned(each, INPUTS).technique for each in plans]
    assert names == ["pre-copy", "auto-converge", "automatic", "post-copy after 8 s"]


@pytest.mark.parametrize("plan", [Plan("", POST_COPY_TIMEOUT, timeout_s=25), Plan("", AUTOMATIC)])
def test_a_plan_with_auto_converge_is_forecast_with_its_throttle(plan: Plan) -> None:
    curve = DirtyCurve.of_workload(120 * MIB, 900 * MIB, GIB)
    inputs = replace(INPUTS, curve=curve, bandwidth=Interval.exact(112 * MIB), exact_curve=True)
    slowed = planned(replace(plan, auto_converge=True), inputs)
    assert slowed.passes.likely != planned(plan, inputs).passes.likely
