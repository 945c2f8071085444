"""The sentence at moments of recorded migrations, and for constructed passes."""

from dataclasses import replace

import pytest

from tests.page_keys import with_page_keys
from tests.unit.fakes import recording
from tui.migration.model import record, verdict
from tui.migration.model.record import Event, Record, Sample
from tui.migration.model.timeline import Timeline
from tui.migration.model.verdict import BAD, GOOD, NEUTRAL, WARNING, Verdict

MIB = 1 << 20


def sentence(timeline: Timeline, elapsed: float, *hosts: str) -> Verdict:
    """As the page shows it."""
    said = verdict.sentence(timeline, elapsed, *hosts)
    return replace(said, text=with_page_keys(said.text))


def at(name: str, t: float) -> Timeline:
    """The recording up to `t`."""
    return Timeline(each for each in recording(name) if each.t <= t)


@pytest.mark.parametrize(
    ("name", "t", "tone", "text"),
    [
        (
            "pre-copy-idle",
            0.5,
            NEUTRAL,
            "Setting up: source connects to destination; nothing has been sent yet.",
        ),
        ("pre-copy-idle", 1.2, NEUTRAL, "First pass: 2 % of 1.0 GiB sent."),
        ("pre-copy-idle", 3.1, NEUTRAL, "First pass: 25 % of 1.0 GiB sent, about 6.2 s left."),
        (
            "pre-copy-idle",
            4.3,
            WARNING,
            "Switching over: the VM is paused and continues on destination once the rest is there.",
        ),
        ("pre-copy-idle", 99, GOOD, "guest1 runs on destination and is gone from source."),
        (
            "failed",
            4.5,
            NEUTRAL,
            "The first pass left 319 MiB dirty; must be below 32 MiB. d allows more downtime; c cancels it.",
        ),
        (
            "failed",
            99,
            BAD,
            "The migration of guest1 failed: job 'migration out' failed: Unable to read from socket: "
            "Connection reset by peer. guest1 runs on source.",
        ),
        (
            "post-copy-by-hand",
            8.0,
            NEUTRAL,
            "Undecided: the passes leave 299 MiB to 315 MiB; must be below 34 MiB. p finishes it.",
        ),
        (
            "post-copy-by-hand",
            14.0,
            WARNING,
            "Not converging: each pass leaves 299 MiB, must be below 34 MiB. p finishes it.",
        ),
        (
            "post-copy-timeout",
            3.1,
            NEUTRAL,
            "First pass: 22 % of 1.0 GiB sent, about 6.8 s left. Post-copy in 5.9 s; p starts it now.",
        ),
        (
            "post-copy-timeout",
            8.0,
            NEUTRAL,
            "Undecided: the passes leave 299 MiB to 319 MiB; must be below 34 MiB. "
            "Post-copy in 1.0 s; p starts it now.",
        ),
        (
            "post-copy-timeout",
            10.5,
            NEUTRAL,
            "Post-copy: the VM runs on source, 187 MiB still to fetch, about 1.6 s (1.6 s to 1.7 s): each page is sent "
            "once.",
        ),
        (
            "post-copy-timeout",
            11.9,
            NEUTRAL,
            "Post-copy: the VM runs on source with all of its memory; libvirt is cleaning up.",
        ),
        ("cancelled", 99, NEUTRAL, "Cancelled. guest1 runs on destination."),
        (
            "link-cut",
            20.0,
            WARNING,
            "Post-copy: the VM runs on destination, 244 MiB still to fetch, but nothing arrives: "
            "the VM stops where it needs some of it.",
        ),
        (
            "link-cut",
            40.0,
            BAD,
            "Post-copy has lost its connection: the VM is on destination now, and stops where it needs a page "
            "that is still on source.",
        ),
        (
            "link-cut",
            61.5,
            NEUTRAL,
            "Post-copy: the VM runs on destination, 124 MiB still to fetch, about 1.1 s (1.1 s to 20 s): each page is "
            "sent once.",
        ),
        ("link-cut", 99, GOOD, "guest1 runs on destination; source still has its definition."),
        # Pass 3 ended during the gap; two passes are not enough for a judgement.
        (
            "reattached",
            11.6,
            NEUTRAL,
            "Undecided: the passes leave 299 MiB to 317 MiB; must be below 34 MiB. p finishes it.",
        ),
        (
            "reattached",
            12.0,
            WARNING,
            "Not converging: each pass leaves 299 MiB, must be below 34 MiB. p finishes it.",
        ),
        ("ended-unwatched", 99, GOOD, "guest1 runs on source and is gone from destination."),
    ],
)
def test_a_moment_of_a_recording_has_its_sentence(name: str, t: float, tone: str, text: str) -> None:
    timeline = at(name, t)
    origin, target = str(timeline.options["origin"]), str(timeline.options["target"])
    assert sentence(timeline, t, origin, target) == Verdict(text, tone)


def passes(*lefts: int, rate: int = 100, technique: str = "pre-copy", throttle: int = 0) -> list[Record]:
    """A log in which the passes left these MiB, sent at `rate` MiB/s; one pass a second."""
    records: list[Record] = [Event(0.0, "", record.START, {"technique": technique, "downtime_ms": 300})]
    for n, left in enumerate((1000, *lefts), 1):
        stats = {
            "memory_total": 1000 * MIB,
            "memory_remaining": left * MIB,
            "memory_processed": n * rate * MIB,
            "memory_iteration": n,
            "auto_converge_throttle": throttle,
        }
        records.append(Sample(float(n), "", stats, "running"))
    return records


@pytest.mark.parametrize(
    ("records", "tone", "text"),
    [
        (
            passes(400),
            NEUTRAL,
            "The first pass left 400 MiB dirty; must be below 30 MiB. d allows more downtime; c cancels it.",
        ),
        (
            passes(400, technique="post-copy-manual"),
            NEUTRAL,
            "The first pass left 400 MiB dirty; must be below 30 MiB. p finishes it.",
        ),
        (
            passes(400, 200, 100),
            GOOD,
            "Converging: 100 MiB left by the last pass, 200 MiB by the one before; about 1.5 s to get below 30 MiB.",
        ),
        (
            passes(990, 890, 800),
            GOOD,
            "Converging: 800 MiB left by the last pass, 890 MiB by the one before; "
            "about 1 min 16 s to get below 30 MiB.",
        ),
        (
            passes(400, 410, 390),
            WARNING,
            "Not converging: each pass leaves 400 MiB, must be below 30 MiB. d allows more downtime; c cancels it.",
        ),
        (
            passes(400, 410, 390, throttle=40),
            WARNING,
            "Not converging: each pass leaves 400 MiB, must be below 30 MiB. Auto-converge slows the VM by 40 %.",
        ),
        (
            passes(400, 200, 190),
            NEUTRAL,
            "Undecided: the passes leave 190 MiB to 400 MiB; must be below 30 MiB. "
            "d allows more downtime; c cancels it.",
        ),
        (
            passes(400, 400),
            NEUTRAL,
            "Undecided: the passes leave 400 MiB; must be below 30 MiB. d allows more downtime; c cancels it.",
        ),
        (passes(400, 20), GOOD, "The last pass left 20 MiB, less than the limit of 30 MiB: switching over."),
        (passes(400, 0), GOOD, "The last pass left 0 B, less than the limit of 30 MiB: switching over."),
        (passes(400, 200, 100, rate=0), NEUTRAL, "Pass 4: 100 MiB to send."),
    ],
)
def test_what_the_passes_leave_is_judged(records: list[Record], tone: str, text: str) -> None:
    timeline = Timeline(records)
    assert sentence(timeline, timeline.now) == Verdict(text, tone)


def test_a_stalled_network_has_no_forecast() -> None:
    """At two bytes per second the threshold is 0 bytes."""
    records = passes(400, 200, 100)
    last = records[-1]
    assert isinstance(last, Sample)
    sent = last.number("memory_processed")
    records += [
        Sample(t, "", {**last.stats, "memory_processed": sent + n}, "running") for n, t in enumerate((5.0, 6.0))
    ]
    timeline = Timeline(records)
    assert timeline.threshold == 0
    assert sentence(timeline, 6.0).text == "Pass 4: 100 MiB to send."


def test_a_timeout_that_is_no_number_of_seconds_is_not_shown() -> None:
    """A damaged log: the number was too large for a duration."""
    started = Event(0, "", record.START, {"technique": "post-copy-timeout", "timeout_s": 10**400})
    running = Sample(1.0, "", {"memory_total": MIB, "memory_iteration": 1, "memory_remaining": MIB // 2}, "running")
    assert sentence(Timeline([started, running]), 1.0).text == "First pass: 50 % of 1.0 MiB sent."


def test_progress_in_the_first_pass_never_decreases() -> None:
    """Balloon, hot-plug and rediscovered pages make `remaining` rise within a pass."""
    stats = {"memory_total": 1000, "memory_iteration": 1}
    timeline = Timeline([Event(0, "", record.START, {})])
    seen = []
    for t, remaining in enumerate((1000, 500, 700, 1200, 300)):
        timeline.add(Sample(float(t), "", {**stats, "memory_remaining": remaining, "memory_processed": t}, "running"))
        seen.append(sentence(timeline, t).text.partition(" %")[0])
    assert seen == [f"First pass: {share}" for share in (0, 50, 50, 50, 70)]


def test_post_copy_requested_before_the_first_pass_is_shown_as_waiting() -> None:
    records = recording("post-copy-by-hand")[:3]
    timeline = Timeline([*records, Event(1.2, "", record.KEY, {"action": "post-copy", "held": True})])
    timeline.add(next(each for each in recording("post-copy-by-hand") if isinstance(each, Sample) and each.t > 1.38))
    expected = "Post-copy is requested and starts when the first pass begins; QEMU ignores it before."
    assert sentence(timeline, 1.5) == Verdict(expected)


def test_no_migration_says_how_to_start_one() -> None:
    assert sentence(Timeline(), 0.0) == Verdict("No migration is under way. m starts one.")


def end(outcome: str, *, ok: bool | None = None, text: str = "The VM is somewhere.", **error: str) -> Timeline:
    timeline = Timeline([Event(0, "", record.START, {})])
    if error:
        timeline.add(Event(1, "", record.ERROR, error))
    if ok is not None:
        timeline.add(Event(2, "", record.VERIFIED, {"ok": ok, "sentence": text}))
    timeline.add(Event(3, "", record.END, {"outcome": outcome}))
    return timeline


@pytest.mark.parametrize(
    ("timeline", "tone", "text"),
    [
        (end("completed"), GOOD, "The VM was moved to B."),
        (end("completed", ok=True), GOOD, "The VM is somewhere."),
        (end("completed", ok=False), BAD, "The VM is somewhere."),
        (end("cancelled"), NEUTRAL, "Cancelled. The VM stays on A."),
        (end("cancelled", ok=False), BAD, "Cancelled. The VM is somewhere."),
        (end("failed"), BAD, "libvirt gave no reason."),
        (end("failed", ok=True, what="It broke.", why="a fuse."), BAD, "It broke: a fuse. The VM is somewhere."),
        (
            end("lost"),
            WARNING,
            "It ended, and libvirt no longer has its result. The location of the VM is unknown.",
        ),
        (
            end("lost", ok=False),
            WARNING,
            "It ended, and libvirt no longer has its result. The VM is somewhere.",
        ),
    ],
)
def test_an_end_says_where_the_vm_is(timeline: Timeline, tone: str, text: str) -> None:
    assert sentence(timeline, 3.0, "A", "B") == Verdict(text, tone)


def test_a_dead_link_is_reported_and_has_no_forecast() -> None:
    timeline = Timeline([Event(0, "", record.START, {})])
    stats = {"memory_total": 1000, "memory_iteration": 1, "memory_remaining": 800, "memory_processed": 200}
    for t in range(1, 7):
        timeline.add(Sample(float(t), "", stats, "running"))
    expected = "Nothing has been sent for 5.0 s: check the network from source to destination. c cancels it."
    assert sentence(timeline, 6.0) == Verdict(expected, "warning")


def test_a_migration_that_is_being_cancelled_says_so() -> None:
    timeline = Timeline([Event(0, "", record.START, {}), Event(1, "", record.KEY, {"action": "cancel"})])
    assert sentence(timeline, 1.0).text == "Cancelling: libvirt aborts the job. The VM keeps running on source."
    timeline.add(Event(2, "", record.ACTION, {"action": "cancel", "failed": True}))
    assert sentence(timeline, 2.0).text.startswith("Setting up")


def test_a_post_copy_in_which_nothing_arrives_for_long_has_a_way_out() -> None:
    timeline = Timeline([Event(0, "", record.START, {})])
    timeline.add(Event(1.0, "", "lifecycle", {"host": "source", "event": "suspended", "detail": "post-copy"}))
    stats = {"memory_total": 1000, "memory_iteration": 2, "memory_remaining": 800, "memory_processed": 200}
    texts = []
    for t in (2.0, 50.0, 70.0):
        timeline.add(Sample(t, "", stats, "paused (post-copy)"))
        texts.append(sentence(timeline, t).text)
    assert ["hang" in each for each in texts] == [False, False, True]
    assert "Nothing has arrived for 1 min 8 s: check the network from source to destination." in texts[2]
    assert "P pauses post-copy" in texts[2]
    assert "force the VM off on both hosts and start it from its disk" in texts[2]


@pytest.mark.parametrize(
    ("resumed", "text"),
    [
        (
            False,
            "Post-copy: libvirt has not let the VM run on destination yet, 800 B still to fetch, but nothing arrives.",
        ),
        (
            True,
            "Post-copy: the VM runs on destination, 800 B still to fetch, but nothing arrives: the VM stops where it "
            "needs some of it.",
        ),
    ],
)
def test_a_vm_that_libvirt_has_not_let_run_yet_is_not_said_to_run(resumed: bool, text: str) -> None:
    words = [("destination", "started", "migrated"), ("source", "suspended", "post-copy")]
    words += [("destination", "resumed", "post-copy")] if resumed else []
    timeline = Timeline([Event(0, "", record.START, {})])
    for host, event, detail in words:
        timeline.add(Event(1.0, "", "lifecycle", {"host": host, "event": event, "detail": detail}))
    stats = {"memory_total": 1000, "memory_iteration": 2, "memory_remaining": 800, "memory_processed": 200}
    for t in range(2, 8):
        timeline.add(Sample(float(t), "", stats, "paused"))
    assert sentence(timeline, 7.0) == Verdict(text, WARNING)
    timeline.add(Sample(90.0, "", stats, "paused"))
    assert sentence(timeline, 90.0).text.startswith(text.partition(", but")[0] + ". Nothing has arrived for")
