"""Runs with equal settings are a group; groups have names that tell them apart."""

from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest

from tui.runs.model.groups import common, differing, directions, families, grouped, letter, names
from tui.runs.model.measured import CENSORED, EXCLUDED, FAILED, Measured, Settings, Value

IDLE = Settings(vm="1 GiB", workload="idle", technique="pre-copy", direction="a -> b")
BUSY = replace(IDLE, workload="memory (2 x 150 MiB)")
POST = replace(BUSY, technique="post-copy after 25 s")


def run(name: str, settings: Settings = IDLE, minute: int = 0, **fields: Any) -> Measured:
    return Measured(name, settings, began=datetime(2026, 11, 23, 4, minute, tzinfo=timezone.utc), **fields)


def test_runs_with_equal_settings_are_a_group_in_the_order_of_their_start() -> None:
    first, second = grouped([run("late", minute=9), run("busy", BUSY, minute=5), run("early", minute=1)])
    assert (first.settings, [each.name for each in first.runs]) == (IDLE, ["early", "late"])
    assert (second.settings, [each.name for each in second.runs]) == (BUSY, ["busy"])


def test_groups_are_in_the_order_of_their_settings_whatever_ran_first() -> None:
    more = [replace(BUSY, connections=f"{count} connections") for count in (16, 4)]
    found = grouped(run(str(minute), each, minute) for minute, each in enumerate([POST, *more, BUSY, IDLE]))
    assert [group.settings for group in found] == [IDLE, BUSY, more[1], more[0], POST]


def test_a_group_counts_what_became_of_its_runs() -> None:
    (group,) = grouped(
        [
            run("a", minute=1, values={"total": Value(3)}),
            run("b", minute=2, values={"total": Value(4)}, without_post_copy=False),
            run("c", minute=3, values={"total": Value(60, above=True)}, status=CENSORED),
            run("d", minute=4, status=FAILED, why="cancelled", values={"total": Value(1)}),
            run("e", minute=5, status=FAILED, why="cancelled"),
            run("f", minute=6, status=EXCLUDED, why="warm-up", values={"total": Value(9)}),
            run("g", minute=7),
        ]
    )
    assert [value for _, value in group.values("total")] == [Value(3), Value(4), Value(60, above=True)]
    assert (group.converged, group.count(FAILED), group.count(CENSORED)) == (2, 2, 1)
    assert (group.unmeasured("total"), group.unmeasured("downtime")) == ((0, 1), (1, 3))
    assert group.reasons == ["2 x cancelled", "warm-up"]


def test_facts_that_differ_within_a_group_are_named() -> None:
    older, newer, excluded = ({"QEMU": each, "VM": "guest1"} for each in ("10.0.2", "10.1.0", "9.0"))
    (group,) = grouped([run("a", facts=older), run("b", facts=newer), run("c", facts=excluded, status=EXCLUDED)])
    assert group.mixed == ["QEMU: 10.0.2, 10.1.0"]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ([IDLE, BUSY], ("workload",)),
        ([IDLE, BUSY, POST], ("workload", "technique")),
        ([IDLE, IDLE], ()),
        ([IDLE, replace(IDLE, cell="guest1; idle")], ("cell",)),
        ([replace(IDLE, cell="one"), replace(BUSY, cell="two")], ("workload",)),
    ],
)
def test_what_differs_is_named(settings: list[Settings], expected: tuple[str, ...]) -> None:
    assert differing(settings) == expected


def test_names_are_as_short_as_they_can_be() -> None:
    assert names([IDLE, BUSY]) == ["idle", "memory (2 x 150 MiB)"]
    assert names([BUSY, POST, IDLE])[1] == "memory (2 x 150 MiB), post-copy after 25 s"
    assert names([IDLE, replace(IDLE, connections="4 connections")]) == ["no connections", "4 connections"]
    assert names([IDLE]) == ["all runs"]
    of_study = replace(IDLE, cell="guest1; idle")
    assert names([IDLE, BUSY, of_study]) == ["idle", "memory (2 x 150 MiB)", "idle, guest1; idle"]


def test_what_is_equal_in_all_is_said_once() -> None:
    assert common([IDLE, BUSY]) == "1 GiB, pre-copy, a -> b"
    assert common([IDLE]) == "1 GiB, idle, pre-copy, a -> b"


def test_families_differ_only_by_the_chosen_settings() -> None:
    back = replace(BUSY, direction="b -> a")
    groups = grouped([run("1", IDLE, 1), run("2", BUSY, 2), run("3", POST, 3), run("4", back, 4)])
    assert families(groups) == [[0, 1, 2], [3]]  # without a word, only one direction is compared
    assert families(groups, ["technique"]) == [[0], [1, 2], [3]]
    assert families(groups, ["direction", "technique"]) == [[0], [1, 2, 3]]


def test_groups_have_letters() -> None:
    assert [letter(each) for each in (0, 25, 26, 27, 52)] == ["A", "Z", "AA", "AB", "BA"]


def test_each_direction_is_a_group_of_its_own_unless_they_are_pooled() -> None:
    back = replace(IDLE, direction="b -> a")
    runs = [run("1", IDLE, 1), run("2", back, 2), run("3", IDLE, 3)]
    apart = grouped(runs)
    assert [[each.name for each in group.runs] for group in apart] == [["1", "3"], ["2"]]
    assert directions(apart).startswith("Each direction is a group of its own, and is compared only with")
    assert directions(apart, ["direction"]) == "Each direction is a group of its own."
    (pooled,) = grouped(runs, pooled=True)
    assert [each.name for each in pooled.runs] == ["1", "2", "3"]
    assert directions([pooled]) == "Runs there and back are pooled."
    assert directions(grouped([run("1")])) == ""
