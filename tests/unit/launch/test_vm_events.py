"""What the Launch page has seen change, and the CPU use that it keeps."""

from datetime import datetime, timedelta, timezone

import pytest

from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.launch.model.cpu_history import KEPT, STEP_S, CpuHistory
from tui.launch.model.vm_events import BAD, GONE_AFTER, VmEvents
from tui.launch.widgets.curves import cpu_picture, rate_picture
from tui.launch.widgets.event_lines import event_lines
from tui.vm.model.listing import Listed, Listing
from tui.vm.model.use import Use

NOON = datetime(2026, 11, 29, 12, 0, tzinfo=timezone.utc)
AWAY = Failure("libvirt can't be reached")


def vm(name: str, state: str = "running", reason: str = "") -> Listed:
    return Listed(Vm(name, f"uuid-{name}", state, reason, 2, 1 << 30), AWAY)


def listing(source: tuple[Listed, ...] | Failure, destination: tuple[Listed, ...] | Failure = ()) -> Listing:
    return Listing({"source": source, "destination": destination})


def seen(*listings: Listing) -> list[str]:
    """The texts of the events, the oldest first."""
    events = VmEvents()
    for number, each in enumerate(listings):
        events.note(each, NOON + timedelta(seconds=number))
    events.note(listings[-1], NOON + timedelta(minutes=1))
    return [f"{each.name} {each.text}" for each in reversed(events.newest)]


A, B = vm("a"), vm("b", "shut off")


@pytest.mark.parametrize(
    ("listings", "expected"),
    [
        ([listing((A, B))], []),
        ([listing((A,)), listing((A,))], []),
        ([listing((A,)), listing((vm("a", "shut off"),))], ["a shut off on source, was running on source"]),
        ([listing((A,)), listing((), (A,))], ["a running on destination, was running on source"]),
        ([listing((A,)), listing((A, B))], ["b new: shut off on source"]),
        ([listing((A, B)), listing((A,))], ["b gone, was shut off on source"]),
        ([listing((A,)), listing(AWAY)], ["source does not answer"]),
        ([listing((A,)), listing(AWAY), listing((A,))], ["source does not answer", "source answers again"]),
        (
            [listing((A, B)), listing(AWAY), listing((A,))],
            ["source does not answer", "source answers again", "b gone, was shut off on source"],
        ),
        (
            [listing((), ()), listing((), AWAY), listing((), (A,))],
            ["destination does not answer", "destination answers again", "a new: running on destination"],
        ),
        ([Listing({"source": ()}, ("destination",)), listing((A,))], []),
        ([listing((), AWAY), listing((), (A,))], ["destination answers again"]),
    ],
)
def test_an_event_is_what_differs_from_the_listing_before(listings: list[Listing], expected: list[str]) -> None:
    assert seen(*listings) == expected


def test_a_vm_that_moves_is_not_gone_between_the_answers_of_two_hosts() -> None:
    moved = ["a running on destination, was running on source"]
    assert seen(listing((A,)), listing((), ()), listing((), (A,))) == moved


def test_a_vm_is_gone_once_no_host_has_had_it_for_some_seconds() -> None:
    events, away = VmEvents(), listing((), ())
    events.note(listing((A,)), NOON)
    events.note(away, NOON + timedelta(seconds=1))
    assert (events.waits, events.newest) == (True, ())
    events.note(away, NOON + timedelta(seconds=1) + GONE_AFTER)
    (gone,) = events.newest
    assert (events.waits, gone.at, gone.text) == (False, NOON + timedelta(seconds=1), "gone, was running on source")
    events.note(listing((A,)), NOON + timedelta(minutes=1))
    assert events.newest[0].text == "new: running on source"


def test_the_lines_are_the_newest_that_fit_and_name_the_time() -> None:
    events = VmEvents()
    assert event_lines(events, 5) == ()
    events.note(listing((A, B)), NOON)
    assert [line.plain for line in event_lines(events, 5)] == [" No VM has changed its state or host since 12:00:00."]
    events.note(listing(AWAY, (A,)), NOON + timedelta(seconds=9))
    first, second = event_lines(events, 2)
    assert first.plain == " 12:00:09  a       running on destination, was running on source"
    assert second.plain == " 12:00:09  source  does not answer"
    assert events.newest[1].tone == BAD
    assert [line.plain[:12] for line in event_lines(events, 1)] == [" 12:00:09  a"]


def test_the_cpu_use_is_kept_as_means_of_some_seconds() -> None:
    history = CpuHistory()
    for second in range(int(STEP_S) * (KEPT + 5) + 1):
        history.add("source", {"a": Use(float(second % 2 * 100)), "b": Use(None)}, float(second))
    assert (len(history.of("a")), history.of("b")) == (KEPT, ())
    assert all(40 <= each <= 60 for each in history.of("a"))
    history.keep(["b"])
    assert history.of("a") == ()


def test_a_chart_names_the_newest_value_and_all_cpus() -> None:
    picture = cpu_picture([10.0, 150.0], 4)
    assert picture.level is not None
    assert (picture.level.y, picture.level.text, picture.series[0].now) == (400.0, "all 4 CPUs", "150 %")
    assert cpu_picture((), 1).blank


def test_the_rate_is_drawn_once_for_each_step_that_is_over() -> None:
    points = [(100.0 + second, float(second)) for second in range(12)]
    picture = rate_picture("memory", points)
    assert picture.series[0].xs == (0.0, 5.0)
    assert picture.series[0].ys == (4.0 * (1 << 20), 9.0 * (1 << 20))
    assert rate_picture("memory", points[:9]).blank
    assert rate_picture("cpu", points).series[0].ys == (4.0, 9.0)
