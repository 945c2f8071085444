"""The sentences with which a report opens."""

from dataclasses import replace
from typing import Any

from tests.unit.runs.model.test_description import values
from tui.runs.backend.comparison import compare
from tui.runs.model.findings import findings
from tui.runs.model.groups import Group, names
from tui.runs.model.measured import CENSORED, EXCLUDED, FAILED, Measured, Settings, Value

PRE = Settings(workload="memory", technique="pre-copy")
POST = replace(PRE, technique="post-copy after 5 s")
IDLE = replace(PRE, workload="idle")


def group(settings: Settings, totals: list[Value], *more: Measured, **fields: Any) -> Group:
    runs = [Measured(f"run{n}", settings, values={"total": each}, **fields) for n, each in enumerate(totals)]
    return Group(settings, (*runs, *more))


def found(*groups: Group) -> list[str]:
    return findings(compare(groups, by=["technique"]), names([each.settings for each in groups]))


def test_what_became_of_the_runs_comes_first() -> None:
    lines = found(
        group(PRE, values(20, 21), Measured("f", PRE, FAILED, "cancelled"), Measured("x", PRE, EXCLUDED, "warm-up")),
        group(POST, values(8, 9), without_post_copy=False),
        group(IDLE, values(60, above=1), status=CENSORED),
    )
    assert lines[0] == (
        "7 runs in 3 groups of equal settings: 4 completed, 1 over the limit of the study, 1 failed, 1 excluded."
    )
    assert "memory, pre-copy: 1 of 4 runs failed (cancelled)." in lines
    assert "memory, post-copy after 5 s: 0 of 2 completed runs converged without post-copy." in lines
    assert "idle, pre-copy: 0 of 1 run completed before the limit." in lines


def test_a_significant_difference_is_a_sentence_that_says_the_shared_settings_once() -> None:
    lines = found(
        group(PRE, values(20, 22, 24, 26, 28)), group(POST, values(10, 11, 12, 13, 14)), group(IDLE, values(3))
    )
    assert lines[1:] == ["memory: post-copy after 5 s is 2.0 [1.57, 2.5] times faster than pre-copy (p = 0.0079)."]


def test_differences_that_are_not_significant_are_counted() -> None:
    same = values(1, 2, 3, 4, 5)
    lines = found(group(PRE, same), group(POST, same))
    assert lines[1:] == ["No significant difference of the total time in 1 of 1 comparison."]


def with_downtimes(settings: Settings, amounts: list[Value]) -> Group:
    values = [{"total": each, "downtime": each, "downtime-guest": each} for each in amounts]
    return Group(settings, tuple(Measured(f"run{n}", settings, values=each) for n, each in enumerate(values)))


def test_groups_that_are_too_small_are_said_once_for_all_figures_with_the_repeats_they_need() -> None:
    lines = found(with_downtimes(PRE, values(40, 41, 42)), with_downtimes(POST, values(3, 4)))
    assert lines[1:] == ["Groups of 2 cannot show significance; at least 4 repeats a group are needed."]
    families = [replace(each, workload=name) for name in ("a", "b", "c") for each in (PRE, POST)]
    lines = found(*(with_downtimes(each, values(1, 2, 3)) for each in families))
    assert lines[1:] == ["Groups of 3 cannot show significance; at least 5 repeats a group are needed."]


def test_directions_that_are_compared_are_not_said_to_be_apart() -> None:
    there, back = (group(replace(PRE, direction=way), values(*range(6))) for way in ("a -> b", "b -> a"))
    lines = findings(compare([there, back], by=["direction"]), ["there", "back"])
    assert lines[1:] == [
        "Each direction is a group of its own.",
        "No significant difference of the total time in 1 of 1 comparison.",
    ]


def test_groups_that_are_too_small_for_each_other_are_named_as_pairs_if_a_larger_one_is_enough() -> None:
    later = replace(POST, technique="post-copy after 25 s")
    large = group(later, values(*range(100, 120)))
    lines = found(group(PRE, values(10, 11, 12)), group(POST, values(13, 14, 15)), large)
    assert lines[1] == "Groups of 3 against 3 cannot show significance; at least 5 repeats a group are needed."
    assert lines[2].startswith("Post-copy after 25 s is 10.0")


def test_a_group_without_values_needs_no_repeats_for_its_comparison() -> None:
    empty = Group(replace(POST, technique="post-copy after 9 s"), (Measured("run", POST),))
    lines = found(group(PRE, values(1, 2, 3)), group(POST, values(4, 5, 6)), empty)
    assert lines[1] == "Groups of 3 cannot show significance; at least 4 repeats a group are needed."


def test_a_group_of_one_run_is_too_small_and_one_without_values_cannot_be_tested() -> None:
    lines = found(group(PRE, values(1)), group(POST, values(2)))
    assert lines[1:] == ["Groups of 1 cannot show significance; at least 4 repeats a group are needed."]
    lines = found(group(PRE, values(1, 2)), Group(POST, (Measured("run", POST),)))
    assert lines[1:] == ["The total time could not be tested in 1 of 1 comparison."]


def test_one_group_has_its_medians() -> None:
    lines = findings(compare([group(PRE, values(10, 12, 14))]), ["all runs"])
    assert lines[1:] == ["all runs: the median total time is 12.0 [10.0, 14.0] s (n = 3)."]


def test_emulated_vms_are_named_because_their_times_are_not_those_of_hardware() -> None:
    emulated = [replace(each, accelerator="emulated") for each in (PRE, POST)]
    (line,) = [each for each in found(*(group(each, values(1, 2)) for each in emulated)) if "emulated" in each]
    assert line == "All VMs were emulated (TCG, without KVM), which is slower and pauses longer than hardware."
    some = found(group(replace(PRE, accelerator="KVM"), values(1, 2)), group(emulated[0], values(1, 2)))
    assert some[1].startswith("These were emulated")
    assert some[1].endswith(": emulated.")
    assert not any("emulated" in each for each in found(group(PRE, values(1, 2))))
