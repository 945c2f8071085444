"""A plan of a queue: its order, its edits, and its JSON."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.queue.plans import cost, entry, failed, moved, plan, progress, running
from tui.core.failure import Failure
from tui.queue.backend.requests import Wish, wish_of
from tui.queue.model.limits import Limits, limits_of
from tui.queue.model.plan import plan_of, smallest_first
from tui.queue.model.progress import ENDED, FAILED, NOT_STARTED, STARTED, TAKEN_OUT, progress_of
from tui.queue.model.status import counts

BOTH = {"b": cost(100), "c": cost(300)}
STUCK = entry(3, "", targets=(), cannot="it has a host device")
MADE = plan(
    entry(1, costs=BOTH, doubts={"c": "its CPU"}),
    entry(2, "c", doubts={"c": "its CPU"}, technique="pre-copy"),
    STUCK,
    bandwidth=1 << 30,
)


def test_the_smallest_goes_first_and_what_cannot_move_is_last() -> None:
    given = [STUCK, entry(1, cost=cost(900)), entry(2, cost=cost(100)), entry(4, memory_bytes=300 << 20)]
    assert [(each.number, each.vm) for each in smallest_first(given)] == [
        (1, "vm2"),
        (2, "vm4"),
        (3, "vm1"),
        (4, "vm3"),
    ]


def test_edits_keep_the_numbers_in_order() -> None:
    assert [each.vm for each in MADE.shifted(2, -1).entries] == ["vm2", "vm1", "vm3"]
    assert [each.vm for each in MADE.shifted(1, 5).entries] == ["vm2", "vm1", "vm3"]  # not behind what cannot move
    assert [(each.number, each.vm) for each in MADE.without(1).entries] == [(1, "vm2"), (2, "vm3")]
    assert MADE.with_target(1, "c").entry(1).target == "c"
    assert MADE.with_technique(1, "pre-copy").entry(1).technique == "pre-copy"
    assert MADE.with_limits(Limits(at_once=1)).limits.at_once == 1


def test_a_plan_is_the_same_after_json() -> None:
    assert plan_of(json.loads(json.dumps(MADE.fields))) == MADE
    copying = replace(MADE, preset="local disks", copies_disks=True)
    assert plan_of(json.loads(json.dumps(copying.fields))) == copying
    wish = Wish(host="a", to=("b",), technique="pre-copy", limits=MADE.limits, preset="fast lan")
    assert wish_of(json.loads(json.dumps(wish.fields))) == wish


def test_a_plan_of_an_earlier_version_has_the_doubt_and_the_cost_of_the_target() -> None:
    first, *_ = MADE.with_target(1, "c").fields["entries"]
    earlier = {name: value for name, value in first.items() if name not in ("doubts", "costs")}
    found = plan_of(MADE.fields | {"entries": [earlier]}).entry(1)
    assert (found.doubts, found.costs) == ({"c": "its CPU"}, {"c": cost(300)})
    assert (found.doubt, found.cost) == ("its CPU", cost(300))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"purpose": "destroy"}, "'destroy' is no purpose"),
        ({"host": None}, "None is no text"),
        ({"entries": 3}, "it has no list"),
        ({"entries": [MADE.entries[0].fields()] * 2}, "vm1 is in it twice"),
        ({"entries": [MADE.entries[0].fields() | {"target": "a"}]}, "vm1 has no host to go to"),
        ({"entries": [MADE.entries[0].fields() | {"technique": "magic"}]}, "there is no technique 'magic'"),
        ({"entries": [MADE.entries[0].fields() | {"cost": {"sent": 1}}]}, "1 is not an interval"),
        ({"entries": [MADE.entries[0].fields() | {"memory_bytes": -1}]}, "an entry has no VM, or -1 bytes"),
        (
            {"entries": [MADE.entries[0].fields() | {"cost": {**cost(1).fields, "limit": -1}}]},
            "-1 is no limit in bytes per second",
        ),
        (
            {"entries": [MADE.entries[0].fields() | {"cost": {**cost(1).fields, "rate": [1.0, 2.0, None]}}]},
            "[1.0, 2.0, None] is no rate in bytes per second",
        ),
        ({"entries": [{}]}, "an entry has no VM"),
    ],
)
def test_a_damaged_plan_is_a_sentence(change: dict[str, Any], why: str) -> None:
    with pytest.raises(Failure) as raised:
        plan_of(MADE.fields | change)
    assert str(raised.value).startswith(f"The plan of the queue is malformed: {why}")


@pytest.mark.parametrize(
    "values", [3, {"at_once": 0}, {"at_once": True}, {"bandwidth": -1}, {"other": 1}, {"elsewhere": 1}]
)
def test_damaged_limits_are_a_sentence(values: Any) -> None:
    with pytest.raises(Failure, match="The limits of a queue are malformed"):
        limits_of(values)


@pytest.mark.parametrize("values", [{"purpose": "x"}, {"to": "b"}, {"to": [1]}, {"technique": "magic"}, {"host": 1}])
def test_a_damaged_wish_is_a_sentence(values: Any) -> None:
    with pytest.raises(Failure):
        wish_of({"purpose": "evacuate", **values})


# -- progress --


def test_the_log_tells_where_a_vm_was_tried() -> None:
    known = progress(failed(1, again=True), running(1, "c"), [{"do": STARTED, "number": 1, "run": "/runs/x"}]).of(1)
    assert [(each.target, each.why, each.run) for each in known.attempts] == [
        ("b", "b refused it", ""), ("c", "", "/runs/x"),
    ]  # fmt: skip
    assert (known.state, known.tried) == ("running", frozenset({"b"}))


def test_a_start_that_did_not_happen_leaves_no_attempt() -> None:
    known = progress(running(1), [{"do": NOT_STARTED, "number": 1}]).of(1)
    assert (known.state, known.attempts) == ("queued", ())


def test_the_states_are_counted_with_those_that_cannot_move() -> None:
    taken = [{"do": ENDED, "number": 2, "state": TAKEN_OUT}]
    found = counts(MADE, progress(moved(1), running(2), taken))
    assert {name: count for name, count in found.items() if count} == {"moved": 1, "taken out": 1, "cannot move": 1}


@pytest.mark.parametrize(
    "entry",
    [
        {"do": STARTED}, {"do": ENDED, "number": 1, "state": "gone"}, {"do": ENDED, "number": "x", "state": FAILED},
        {"do": ENDED, "number": 1, "state": "moved", "total_s": float("nan")}, {"do": "unknown", "number": 1}, {},
    ],
)  # fmt: skip
def test_a_damaged_entry_of_the_log_is_skipped(entry: dict[str, Any]) -> None:
    assert progress_of([*running(1), entry]) == progress(running(1))
