"""What every page shows of a migration."""

from collections.abc import Callable

import pytest

from tests.ui.replay import recording
from tui.migration.model.headline import end, progress
from tui.migration.model.record import NO_ANSWER, Event
from tui.migration.model.timeline import POST_COPY, Timeline


def played(name: str, until: Callable[[Timeline], bool]) -> Timeline:
    timeline = Timeline()
    for each in recording(name):
        timeline.add(each)
        if until(timeline):
            return timeline
    raise AssertionError("the recording does not reach it")


@pytest.mark.parametrize(
    ("until", "words"),
    [
        (lambda timeline: timeline.phase == "setup", "setup"),
        (lambda timeline: timeline.points.share > 0.1, "19 %"),
        (lambda timeline: timeline.iteration == 3, "pass 3"),
        (lambda timeline: timeline.phase == POST_COPY, "post-copy 0 %"),
        (lambda timeline: timeline.phase == POST_COPY and timeline.points[-1].remaining < 100 << 20, "post-copy 73 %"),
    ],
)
def test_only_what_is_sent_once_has_a_percentage(until: Callable[[Timeline], bool], words: str) -> None:
    assert progress(played("post-copy-by-hand", until)) == words


def test_a_host_without_a_reply_is_not_shown_as_progress() -> None:
    timeline = played("post-copy-by-hand", lambda timeline: timeline.iteration == 3)
    timeline.add(Event(9.0, "", NO_ANSWER, {"since": 5.0, "why": "the link is down"}))
    assert progress(timeline) == "no answer"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("post-copy-by-hand", "Completed by post-copy in 17.7 s, downtime 10 ms by libvirt"),
        ("cancelled", "Cancelled"),
        ("failed", "Failed: The migration of guest1 failed: "),
    ],
)
def test_the_end_has_its_figures_or_its_reason(name: str, words: str) -> None:
    assert end(played(name, lambda timeline: timeline.over)).startswith(words)
