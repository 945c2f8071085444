"""One line of the table of many migrations, from the status of the queue and the records of the migration."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.queue.plans import entry, failed, moved, plan, progress, running
from tui.migration.backend.recording.run_files import read_records
from tui.migration.model.timeline import Timeline
from tui.queue.model.estimate import estimate
from tui.queue.model.move import Move, move_of, move_of_other, ordered, total_rate
from tui.queue.model.progress import CANNOT, FAILED, MOVED, QUEUED, RUNNING, TAKEN_OUT
from tui.queue.model.status import status_fields

RECORDINGS = Path(__file__).parents[2] / "recordings"


def timeline(name: str, seconds: float = 1e9) -> Timeline:
    return Timeline(each for each in read_records(RECORDINGS / f"{name}.jsonl") if each.t <= seconds)


def entries(*logs: list[dict[str, object]]) -> list[dict[str, Any]]:
    """The entries of a status of four VMs, of which the last cannot move."""
    four = plan(entry(1), entry(2), entry(3), entry(4, "", targets=(), cannot="a device is passed through"))
    known = progress(*logs)
    found: list[dict[str, Any]] = status_fields(four, known, estimate(four, known), {})["entries"]
    return found


def test_what_is_under_way_has_the_figures_of_its_records() -> None:
    (one, *_) = entries(running(1))
    move = move_of(one, timeline("post-copy-by-hand", 12.0), 12.0)
    assert (move.vm, move.origin, move.target, move.state) == ("vm1", "a", "b", RUNNING)
    assert move.phase.startswith("pass ")
    assert move.rate
    assert move.remaining
    assert move.curve[0][1] > move.remaining
    assert move.pause_s


def test_without_records_it_has_what_the_status_has() -> None:
    (one, two, *_) = entries(running(1), running(2))
    assert move_of(one, None, 0.0).phase == "starting"
    two["migration"] = {"phase": "pass", "pass": 3, "remaining_bytes": 5}
    move = move_of(two, None, 0.0)
    assert (move.phase, move.remaining, move.curve) == ("pass 3", 5, ())


def test_an_end_has_what_it_took_or_why_it_failed() -> None:
    one, two, three, four = entries(moved(1), failed(2), failed(3, again=True))
    one |= {"total_s": 4.4, "downtime_s": 0.012}
    assert move_of(one, None, 0.0) == Move("vm1", "a", "b", MOVED, "", 1, total_s=4.4, pause_s=0.012)
    assert move_of(two, None, 0.0).why == "b refused it"
    assert (move_of(three, None, 0.0).state, move_of(three, None, 0.0).why) == (QUEUED, "b: b refused it")
    assert (move_of(four, None, 0.0).state, move_of(four, None, 0.0).why) == (CANNOT, "a device is passed through")


@pytest.mark.parametrize(("name", "state"), [("pre-copy-idle", MOVED), ("cancelled", FAILED), ("failed", FAILED)])
def test_a_migration_that_is_not_of_the_queue_ends_as_its_records_say(name: str, state: str) -> None:
    found = timeline(name)
    move = move_of_other("guest1", ("a", "b"), "run", found, found.now)
    assert (move.state, move.number, move.key) == (state, 0, "guest1")
    assert (move.pause_s is not None) == (state == MOVED)


def test_what_needs_a_person_is_above_what_is_over() -> None:
    states = (MOVED, TAKEN_OUT, QUEUED, FAILED, RUNNING, CANNOT)
    moves = [Move(f"vm{number}", "a", "b", state, number=number) for number, state in enumerate(states)]
    assert [each.state for each in ordered(moves)] == [RUNNING, FAILED, QUEUED, CANNOT, TAKEN_OUT, MOVED]


def test_the_rates_of_those_under_way_are_added() -> None:
    moves = [Move("a", "a", "b", RUNNING, rate=2.0), Move("b", "a", "b", RUNNING), Move("c", "a", "b", MOVED, rate=9.0)]
    assert total_rate(moves) == 2.0
    assert total_rate(moves[1:]) is None
