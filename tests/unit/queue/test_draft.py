"""A plan that is edited before it runs."""

from tests.unit.queue.plans import cost, entry, plan
from tui.core.plan import AUTOMATIC, TECHNIQUES
from tui.queue.model.draft import Draft, arrivals
from tui.queue.model.limits import Limits
from tui.queue.model.plan import QueuePlan

STUCK = entry(4, "", targets=(), cannot="a device is passed through")
DRAFT = Draft(plan(entry(1), entry(2, "c"), entry(3), STUCK))


def vms(found: QueuePlan) -> list[str]:
    return [each.vm for each in found.entries]


def test_a_vm_that_was_taken_out_is_no_part_of_the_result_until_it_is_put_back() -> None:
    less = DRAFT.toggled("vm2").toggled("vm1")
    assert vms(less.result) == ["vm3", "vm4"]
    assert [each.number for each in less.result.entries] == [1, 2]
    assert less.toggled("vm1").toggled("vm2").result == DRAFT.plan


def test_the_order_changes_only_among_those_that_move() -> None:
    assert vms(DRAFT.shifted("vm1", 1).plan) == ["vm2", "vm1", "vm3", "vm4"]
    assert DRAFT.shifted("vm1", -1) == DRAFT
    assert DRAFT.shifted("vm3", 1) == DRAFT


def test_targets_and_techniques_are_chosen_in_turn() -> None:
    once = DRAFT.to_next_target("vm1", 1)
    assert once.plan.entry(1).target == "c"
    assert once.to_next_target("vm1", 1) == DRAFT == once.to_next_target("vm1", -1)
    assert DRAFT.to_next_target("vm4", 1) == DRAFT
    technique = DRAFT.with_next_technique("vm1").plan.entry(1).technique
    assert technique == [*TECHNIQUES][[*TECHNIQUES].index(AUTOMATIC) + 1]
    again = DRAFT
    for _ in TECHNIQUES:
        again = again.with_next_technique("vm1")
    assert again == DRAFT


def test_another_target_has_its_own_doubt_and_cost() -> None:
    known = {"costs": {"b": cost(100), "c": cost(900)}, "doubts": {"b": "its CPU is older"}}
    first = entry(1, **known)
    there = Draft(plan(first)).to_next_target("vm1", 1)
    other = there.plan.entry(1)
    assert (other.target, other.cost, other.doubt) == ("c", cost(900), "")
    assert there.to_next_target("vm1", 1).plan.entry(1) == first
    third = first.to("d")  # of which nothing is known
    assert (third.cost, third.doubt) == (None, "")


def test_why_nothing_of_a_vm_can_be_changed() -> None:
    assert DRAFT.why_fixed("vm1") == ""
    assert DRAFT.why_fixed("vm4") == "vm4 cannot move: a device is passed through"
    assert "was taken out" in DRAFT.toggled("vm1").why_fixed("vm1")
    assert DRAFT.why_fixed("other") == "There is no VM here."


def test_how_much_reaches_each_host() -> None:
    assert arrivals(DRAFT.plan) == {"b": (2, 2 << 30), "c": (1, 1 << 30)}
    assert arrivals(DRAFT.toggled("vm2").result) == {"b": (2, 2 << 30)}


def test_limits_are_those_of_the_result() -> None:
    assert DRAFT.with_limits(Limits(at_once=9)).result.limits.at_once == 9
