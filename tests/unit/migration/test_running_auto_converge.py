"""The forecast of a migration that is under way and slows its VM down."""

import re

import pytest

from tests.unit.fakes import recording
from tests.unit.migration.test_running_forecast import INPUTS, timeline_of
from tui.core.quantity import MIB
from tui.migration.model import record
from tui.migration.model.course import ahead_of, ahead_to_json
from tui.migration.model.record import Event, Record, Sample
from tui.migration.model.timeline import Timeline
from tui.migration.model.verdict import sentence

WITHOUT = {"action": "automatic", "decided": "nothing", "reason": "a reason", "without_post_copy": "no userfaultfd"}


def under_way(throttle: int, *actions: Event, **options: object) -> Timeline:
    """Some passes of a migration that does not converge without auto-converge."""

    def throttled(each: Record) -> Record:
        return each._replace(stats={**each.stats, "auto_converge_throttle": throttle}) if type(each) is Sample else each

    start, *rest = (throttled(each) for each in recording("post-copy-by-hand") if each.t < 13)
    return timeline_of([start, *actions, *rest], INPUTS, **options)


@pytest.mark.parametrize(("throttle", "converges"), [(0, True), (40, True), (99, False)])
def test_passes_that_do_not_converge_yet_may_do_with_more_of_auto_converge(throttle: int, converges: bool) -> None:
    found = ahead_of(under_way(throttle, auto_converge=True), INPUTS, 112.0 * MIB)
    assert found is not None
    assert found.converges is converges


def test_without_auto_converge_they_do_not() -> None:
    found = ahead_of(under_way(0), INPUTS, 112.0 * MIB)
    assert found is not None
    assert not found.converges


def test_a_start_without_post_copy_has_auto_converge() -> None:
    found = ahead_of(under_way(0, Event(0.0, "", record.ACTION, WITHOUT)), INPUTS, 112.0 * MIB)
    assert found is not None
    assert found.converges


def test_the_sentence_of_a_forecast_that_converges_says_how_much_the_vm_is_slowed_down() -> None:
    timeline = under_way(40, auto_converge=True)
    found = ahead_of(timeline, INPUTS, 112.0 * MIB)
    assert found is not None
    timeline.add(Event(13.0, "", record.FORECAST, ahead_to_json(found)))
    text = sentence(timeline, 13.0).text
    assert re.match(r"(Ends|Probably ends) in about .* Auto-converge slows the VM by 40 %\.", text)
