"""What the page says of the technique "automatic"."""

from pathlib import Path

import pytest

from tests.page_keys import with_page_keys
from tests.unit.fakes import recording
from tui.migration.model import record
from tui.migration.model.ending.outcome import Fact, facts
from tui.migration.model.record import Event
from tui.migration.model.timeline import Timeline
from tui.migration.model.verdict import sentence

SWITCH = {"action": "automatic", "decided": "post-copy", "value": None, "reason": "it does not end", "shadow": False}


def automatic(until: float, *decisions: dict[str, object], **options: object) -> Timeline:
    """A recorded migration up to a moment, as if it had been started as automatic; decisions come after 12.3 s."""
    start, *rest = recording("post-copy-by-hand")
    assert isinstance(start, Event)
    start = start._replace(data={**start.data, "technique": "automatic", **options})
    timeline = Timeline([start, *(each for each in rest if each.t <= until)])
    for data in decisions:
        timeline.add(Event(until, "", record.ACTION, data))
    return timeline


def words(timeline: Timeline) -> str:
    return with_page_keys(sentence(timeline, 12.3).text)


def test_it_says_what_it_waits_for() -> None:
    wait = "must be below 34 MiB. It switches to post-copy once that is certain; p does it now."
    assert words(automatic(8)).endswith(wait)


def test_in_the_shadow_it_promises_nothing() -> None:
    assert words(automatic(8, shadow=True)).endswith("p finishes it.")


@pytest.mark.parametrize(
    ("decision", "text", "mark"),
    [
        (SWITCH, "Automatic: switched to post-copy because it does not end.", "automatic: post-copy"),
        (
            {**SWITCH, "shadow": True},
            "Automatic: would have switched to post-copy because it does not end.",
            "automatic (shadow): post-copy",
        ),
        (
            {**SWITCH, "decided": "downtime", "value": 400},
            "Automatic: allowed 400 ms of downtime because it does not end.",
            "automatic: downtime <= 400 ms",
        ),
        (
            {**SWITCH, "decided": "downtime", "value": 400, "shadow": True},
            "Automatic: would have allowed 400 ms of downtime because it does not end.",
            "automatic (shadow): downtime <= 400 ms",
        ),
        (
            {**SWITCH, "decided": "advice", "value": 2700},
            "Automatic: advises to allow 2700 ms of downtime because it does not end.",
            "automatic: advice: downtime <= 2700 ms",
        ),
    ],
)
def test_a_decision_has_its_reason_and_its_mark(decision: dict[str, object], text: str, mark: str) -> None:
    timeline = automatic(12.3, decision)
    assert words(timeline).endswith(f" {text}")
    assert timeline.marks[-1].text == mark
    assert timeline.post_copy_sent == (decision["decided"] == "post-copy" and not decision["shadow"])


def test_a_refusal_is_said_without_a_mark() -> None:
    timeline = automatic(12.3, SWITCH, {**SWITCH, "decided": "nothing", "reason": "post-copy was refused"})
    assert words(timeline).endswith(" Automatic: post-copy was refused.")
    assert [mark.text for mark in timeline.marks if mark.sign == "a"] == ["automatic: post-copy"]


def test_where_post_copy_is_refused_at_the_start_its_key_is_not_offered() -> None:
    timeline = automatic(8, post_copy_refused="QEMU is too old")
    assert not timeline.post_copy_allowed
    assert words(timeline).endswith("d allows more downtime; c cancels it.")


def test_the_result_has_the_reason() -> None:
    found = facts(automatic(99, SWITCH), Path("/runs/x"), "destination")
    assert Fact("automatic", "switched to post-copy because it does not end") in found
