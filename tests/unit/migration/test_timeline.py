"""The timelines of recorded migrations: phases, passes, marks and figures."""

import random
from collections.abc import Iterable

import pytest

from tests.unit.fakes import NAMES, recording
from tui.core.protocols import JOB_COMPLETED, LIFECYCLE
from tui.migration.model import record
from tui.migration.model.keys import BANDWIDTH, CANCEL, DOWNTIME, POST_COPY_NOW, START, why_not
from tui.migration.model.record import Event, Record, Sample
from tui.migration.model.timeline import OVER, Timeline
from tui.migration.model.verdict import sentence

MIB = 1 << 20


def phases(records: Iterable[Record]) -> list[str]:
    """The phases one after the other, each named once."""
    timeline, seen = Timeline(), ["idle"]
    for each in records:
        timeline.add(each)
        if timeline.phase != seen[-1]:
            seen.append(timeline.phase)
    return seen


def start(**options: object) -> Event:
    return Event(0.0, "", record.START, {"technique": "post-copy-manual", "downtime_ms": 300, **options})


def sample(t: float, iteration: int = 1, remaining: int = 500, sent: int = 0, state: str = "running") -> Sample:
    stats = {"memory_total": 1000, "memory_remaining": remaining, "memory_processed": sent}
    return Sample(t, "", {**stats, "memory_iteration": iteration}, state)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pre-copy-idle", ["setup", "pass", "switchover", "completed"]),
        ("post-copy-by-hand", ["setup", "pass", "switchover", "post-copy", "completed"]),
        ("post-copy-timeout", ["setup", "pass", "switchover", "post-copy", "completed"]),
        ("cancelled", ["setup", "pass", "cancelled"]),
        ("failed", ["setup", "pass", "failed"]),
        ("link-cut", ["setup", "pass", "switchover", "post-copy", "completed"]),
        ("reattached", ["setup", "pass", "switchover", "post-copy", "completed"]),
        ("ended-unwatched", ["setup", "pass", "completed"]),
    ],
)
def test_a_recording_goes_through_its_phases_in_order(name: str, expected: list[str]) -> None:
    assert phases(recording(name)) == ["idle", *expected]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # QEMU reached pass 3 before the first sample: what pass 1 left is unknown.
        ("pre-copy-idle", {2: 17}),
        ("post-copy-by-hand", {1: 315, 2: 299, 3: 298, 4: 298, 5: 300}),
        ("post-copy-timeout", {1: 318, 2: 298}),
        ("cancelled", {1: 318, 2: 299, 3: 299, 4: 298}),
        ("failed", {1: 319}),
        ("link-cut", {1: 317}),
        # Pass 3 ended during the gap.
        ("reattached", {1: 317, 2: 299, 4: 298}),
        ("ended-unwatched", {}),
    ],
)
def test_a_recording_has_the_passes_whose_end_was_recorded(name: str, expected: dict[int, int]) -> None:
    passes = Timeline(recording(name)).passes
    assert {each.number: each.left // MIB for each in passes} == expected
    assert all(each.began < each.ended and each.sent > 0 for each in passes)


@pytest.mark.parametrize(
    ("name", "signs"),
    [
        ("pre-copy-idle", "S|"),
        ("post-copy-by-hand", "|||||SP"),
        ("post-copy-timeout", "||SP"),
        ("cancelled", "||||c"),
        ("failed", "|"),
        ("link-cut", "|SP!"),
        ("reattached", "||!|SP"),
        ("ended-unwatched", "!"),
    ],
)
def test_a_recording_has_its_marks_in_the_order_of_time(name: str, signs: str) -> None:
    marks = Timeline(recording(name)).marks
    assert "".join(each.sign for each in marks) == signs
    assert [each.t for each in marks] == sorted(each.t for each in marks)


@pytest.mark.parametrize("name", NAMES)
def test_whether_post_copy_was_reached_is_known(name: str) -> None:
    reached = Timeline(recording(name)).post_copy_at is not None
    assert reached == (name in {"post-copy-by-hand", "post-copy-timeout", "link-cut", "reattached", "guest-post-copy"})


def test_the_final_figures_are_those_of_libvirt() -> None:
    final = Timeline(recording("post-copy-by-hand")).final
    assert (final["time_elapsed"], final["downtime"]) == (17742, 10)
    assert not Timeline(
        recording("reattached")
    ).final  # a transient VM after post-copy: libvirt no longer has its figures


def test_post_copy_recovers_after_the_link_was_cut() -> None:
    timeline = Timeline(recording("link-cut"))
    assert timeline.post_copy_failed
    assert (timeline.phase, timeline.error["why"]) == ("completed", "the connection to libvirt was cut")
    assert timeline.point is not None
    assert timeline.point.remaining == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_cut_after_any_line_has_a_sentence(name: str) -> None:
    records = recording(name)
    timeline, best = Timeline(), -1
    for each in records:
        timeline.add(each)
        said = sentence(timeline, timeline.now).text
        assert said.endswith(".")
        assert len(said) > 20
        if said.startswith("First pass: "):
            share = int(said.removeprefix("First pass: ").partition(" ")[0])
            assert best <= share <= 100
            best = share
    assert timeline.over
    assert Timeline(records).points == timeline.points


@pytest.mark.parametrize("name", NAMES)
def test_the_dirty_rate_is_unknown_before_the_first_pass_has_ended(name: str) -> None:
    for each in Timeline(recording(name)).points:
        assert (each.dirty_rate is None) == (each.iteration == 1)


@pytest.mark.parametrize("name", NAMES)
def test_no_rate_exceeds_the_link(name: str) -> None:
    """The lab's link is 1 Gbit/s: a faster rate cannot be a measurement."""
    rates = [each.rate for each in Timeline(recording(name)).points if each.rate is not None]
    assert all(0 <= rate < 125e6 for rate in rates)


def test_the_first_rate_comes_after_enough_time() -> None:
    timeline = Timeline([start(), sample(1.0, sent=0), sample(1.1, sent=100)])
    assert [each.rate for each in timeline.points] == [None, None]
    timeline.add(sample(2.0, sent=1000))
    assert timeline.points[-1].rate == pytest.approx(1000)


def test_the_total_time_of_an_unobserved_end_is_libvirts_or_unknown() -> None:
    records = recording("ended-unwatched")
    known = Timeline(records)
    assert known.total_s == 4.457
    assert known.passes_begun == 3
    unknown = Timeline(each for each in records if not isinstance(each, Event) or each.kind != JOB_COMPLETED)
    assert unknown.total_s is None
    assert unknown.ended_between == pytest.approx((1.01, 6.94), abs=0.01)
    assert unknown.passes_begun == 1


def test_an_end_observed_after_a_gap_has_its_time() -> None:
    gap, end = Event(3.0, "", record.GAP, {"seconds": 2.0}), Event(5.0, "", record.END, {"outcome": "failed"})
    for seen in (sample(3.1, 0), Event(3.1, "", record.ATTACHED, {})):
        timeline = Timeline([start(), sample(1.0), gap, seen, end])
        assert timeline.ended_between is None
        assert timeline.total_s == 5.0


def test_the_rate_after_a_gap_is_not_a_mean_over_the_gap() -> None:
    records = recording("reattached")
    gap = next(n for n, each in enumerate(records) if isinstance(each, Event) and each.kind == record.GAP)
    timeline = Timeline(records[:gap])
    before = timeline.points[-1].rate
    after = next(each for each in records[gap:] if isinstance(each, Sample))
    for each in records[gap : records.index(after) + 1]:
        timeline.add(each)
    assert timeline.points[-1].rate == before


def test_a_pass_without_a_recorded_end_is_not_invented() -> None:
    gap = Event(3.0, "", record.GAP, {"seconds": 2.0})
    timeline = Timeline([start(), sample(1.0), gap, sample(3.1, 4), sample(4.0, 5, remaining=300)])
    assert [(each.number, each.left) for each in timeline.passes] == [(4, 300)]


def test_a_recording_has_the_guests_rate_and_the_observed_downtime() -> None:
    timeline = Timeline(recording("guest-post-copy"))
    assert {each.unit for each in timeline.guest} == {"MiB/s"}
    rates = [each.rate for each in timeline.guest if each.rate is not None]
    before, after = (
        [each.rate for each in timeline.guest if (each.t > (timeline.post_copy_at or 0)) == b and each.rate is not None]
        for b in (False, True)
    )
    assert len(rates) >= 10
    assert sum(after) / len(after) < sum(before) / len(before)  # it waits for its pages
    assert timeline.observed is not None
    assert timeline.observed.network_ms == 340.406
    assert timeline.observed.clock_lost_ms == 53.645
    assert {each.kind for each in timeline.events}.isdisjoint({record.GUEST, record.UDP_PROBE})


def test_recordings_without_guest_events_have_no_guest_figures() -> None:
    timeline = Timeline(recording("post-copy-by-hand"))
    assert (timeline.guest, timeline.observed, timeline.guest_known) == ([], None, False)


def test_while_no_line_comes_the_guests_rate_is_unknown() -> None:
    timeline = Timeline([start(workload="memory")])
    assert not timeline.guest_known
    timeline.add(Event(1.0, "", record.GUEST, {"workload": "memory", "rate": 500.0, "unit": "MiB/s"}))
    for t in (4.0, 5.0):
        timeline.add(Event(t, "", record.GUEST, {"silent_s": t - 1, "why": "it has not replied yet"}))
    assert timeline.guest_silent == (4.0, "it has not replied yet")
    assert [(each.t, each.rate) for each in timeline.guest] == [(1.0, 500.0), (4.0, None)]
    timeline.add(Event(6.0, "", record.GUEST, {"workload": "memory", "rate": 20, "unit": "MiB/s"}))
    assert timeline.guest_silent is None
    assert timeline.guest[-1].rate == 20.0


def test_rates_of_the_time_without_replies_are_filled_in() -> None:
    timeline = Timeline([start(workload="memory")])
    for t, data in ((1.0, {"rate": 500.0}), (4.0, {"silent_s": 3.0, "why": "it has not replied yet"})):
        timeline.add(Event(t, "", record.GUEST, {"unit": "MiB/s", **data}))
    for rate, ago in ((480.0, 4.0), (30.0, 3.0), (20.0, 1.0), (25.0, 0.0)):
        timeline.add(Event(6.0, "", record.GUEST, {"unit": "MiB/s", "rate": rate, "ago": ago}))
    assert [(each.t, each.rate) for each in timeline.guest] == [
        (1.0, 500.0), (2.0, 480.0), (3.0, 30.0), (5.0, 20.0), (6.0, 25.0)
    ]  # fmt: skip


@pytest.mark.parametrize(("workload", "known"), [("memory", True), ("idle", False)])
def test_a_silent_guest_is_shown_only_with_a_workload(workload: str, known: bool) -> None:
    timeline = Timeline([start(workload=workload)])
    timeline.add(Event(3.0, "", record.GUEST, {"silent_s": 3.0, "why": "there is no way to it"}))
    assert timeline.guest_known == known


def test_passes_are_counted_from_the_first_one_if_the_start_was_recorded() -> None:
    """QEMU's own count continues from cancelled attempts."""
    timeline = Timeline([start(), sample(1.0, 7), sample(2.0, 8)])
    assert (timeline.iteration, timeline.in_first_pass) == (2, False)


@pytest.mark.parametrize(
    "before",
    [
        [Event(0.0, "", record.ATTACHED, {"technique": "unknown"})],
        [start(), Event(5.0, "", record.GAP, {"seconds": 5.0}), Event(5.0, "", record.ATTACHED, {})],
    ],
)
def test_a_later_pass_is_not_taken_for_the_first_if_the_start_was_not_recorded(before: list[Record]) -> None:
    timeline = Timeline([*before, sample(6.0, 5)])
    assert (timeline.iteration, timeline.in_first_pass) == (5, False)
    assert sentence(timeline, 6.0).text == "Pass 5: 500 B to send."


def test_the_pass_that_post_copy_interrupts_does_not_count_as_ended() -> None:
    sent = Event(2.0, "", record.ACTION, {"action": "post-copy"})
    timeline = Timeline([start(), sample(1.0), sent, sample(2.1, 2, state="paused (migrating)")])
    assert timeline.passes == []


def test_after_a_refused_post_copy_passes_are_still_counted() -> None:
    refused = Event(2.0, "", record.ACTION, {"action": "post-copy", "failed": True})
    timeline = Timeline([start(), sample(1.0), refused, sample(2.1, 2)])
    assert [each.number for each in timeline.passes] == [1]


def test_post_copy_is_held_until_it_is_sent_refused_or_over() -> None:
    held = Event(1.0, "", record.KEY, {"action": "post-copy", "held": True})
    for ending in (
        Event(2.0, "", record.ACTION, {"action": "post-copy"}),
        Event(2.0, "", record.ACTION, {"action": "post-copy", "failed": True}),
        Event(2.0, "", LIFECYCLE, {"event": "suspended", "detail": "post-copy"}),
        Event(2.0, "", record.END, {"outcome": "cancelled"}),
    ):
        timeline = Timeline([start(), held])
        assert timeline.post_copy_held
        timeline.add(ending)
        assert not timeline.post_copy_held


def test_a_limit_counts_once_libvirt_accepted_it_and_not_at_the_key() -> None:
    timeline = Timeline([start(), Event(1.0, "", record.KEY, {"action": "downtime", "value": 900})])
    assert timeline.max_downtime_ms == 300
    timeline.add(Event(1.1, "", record.ACTION, {"action": "downtime", "value": 900, "failed": True}))
    assert timeline.max_downtime_ms == 300
    timeline.add(Event(1.2, "", record.ACTION, {"action": "downtime", "value": 900}))
    timeline.add(Event(1.2, "", record.ACTION, {"action": "bandwidth", "value": 50}))
    assert (timeline.max_downtime_ms, timeline.bandwidth_mib_s) == (900, 50)
    timeline.add(Event(1.3, "", record.ACTION, {"action": "bandwidth", "value": 0}))
    assert timeline.bandwidth_mib_s == 0


def test_what_fails_after_the_migration_does_not_hide_why_it_failed() -> None:
    timeline = Timeline([start()])
    timeline.add(Event(1.0, "", record.ERROR, {"what": "The bandwidth limit could not be set"}))
    timeline.add(Event(2.0, "", record.ERROR, {"what": "The migration failed", "action": "migrate"}))
    timeline.add(Event(3.0, "", record.ERROR, {"what": "The log cannot be written"}))
    assert timeline.error["what"] == "The migration failed"


def test_an_unknown_outcome_is_an_end() -> None:
    timeline = Timeline([start(), Event(1.0, "", record.END, {"outcome": ["strange"]})])
    assert (timeline.over, timeline.phase) == (True, "lost")


def test_unknown_records_of_a_newer_version_are_ignored() -> None:
    foreign = [
        Event(1.0, "", kind, {"x": 1}) for kind in ("of-tomorrow", "", "add", "__init__", "sample", "started-here")
    ]
    timeline = Timeline([start(), *foreign])
    assert timeline.phase == "setup"


def test_a_sample_without_memory_statistics_makes_no_point() -> None:
    timeline = Timeline([start(), Sample(1.0, "", {"type": 2}, "running"), Sample(2.0, "", {}, "")])
    assert (timeline.points, timeline.phase, timeline.iteration) == ([], "setup", 0)


WRONG: tuple[object, ...] = (None, "x", -1, [], {}, 1.5, 10**400, True)


def any_record(dice: random.Random, everything: list[Record]) -> Record:
    """A record of some recording; one in four has something else in one of its fields."""
    each = dice.choice(everything)
    if dice.random() < 0.75:
        return each
    if isinstance(each, Sample):
        stats = dict(each.stats)
        stats[dice.choice(list(stats) or ["type"])] = dice.choice((0, -1, "x", 1.5, True, 10**18))
        return each._replace(stats=stats, state=dice.choice((each.state, "", "crashed", "paused (post-copy failed)")))
    data = dict(each.data)
    data[dice.choice(list(data) or ["x"])] = dice.choice(WRONG)
    return each._replace(data=data)


@pytest.mark.parametrize("seed", range(200))
def test_records_in_any_order_with_any_content_do_not_raise(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a fixed seed is intended
    everything = [each for name in NAMES for each in recording(name)]
    timeline = Timeline()
    for _ in range(120):
        timeline.add(any_record(dice, everything))
        assert sentence(timeline, dice.uniform(0, 100)).text
        for action in (START, POST_COPY_NOW, CANCEL, DOWNTIME, BANDWIDTH):
            why_not(action, timeline)
        assert timeline.over == (timeline.phase in OVER)


@pytest.mark.parametrize("seed", range(100))
def test_lost_or_late_records_do_not_change_the_outcome(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a fixed seed is intended
    records = recording(dice.choice(NAMES))
    *rest, end = records
    kept = [each for each in rest if dice.random() < 0.8]
    for _ in range(10):
        n = dice.randrange(len(kept) - 1)
        kept[n], kept[n + 1] = kept[n + 1], kept[n]
    timeline = Timeline([*kept, end])
    assert isinstance(end, Event)
    assert timeline.phase == end.data["outcome"]


def test_a_total_time_that_libvirt_counted_anew_after_its_restart_is_not_shown() -> None:
    running = Sample(20.0, "", {"memory_total": 1000, "time_elapsed": 20_000}, "paused (post-copy)")
    done = Event(30.0, "", JOB_COMPLETED, {"host": "source", "stats": {"operation": 5, "time_elapsed": 268}})
    timeline = Timeline([start(), running, done, Event(31.0, "", record.END, {"outcome": "completed"})])
    assert timeline.total_s == 31.0
