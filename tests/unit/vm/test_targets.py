"""Which host a VM should go to, of facts in tables."""

from dataclasses import replace

import pytest

from tui.vm.model.blockers import Blocker
from tui.vm.model.rules.rule import BLOCKED, DOUBTFUL, NOTE
from tui.vm.model.targets import NOT_READ, Target, TargetFacts, ranked, why_first

GIB = 1 << 30
VM = 4 * GIB
FACTS = TargetFacts((), free_bytes=64 * GIB, load=0.1, same_cpu=True, same_network=True, same_share=True)
BLOCKER, DOUBT = Blocker("It boots from a floppy.", BLOCKED), Blocker("Its CPU differs.", DOUBTFUL)
HERE = ("host2", "host3")


def better(first: TargetFacts, second: TargetFacts) -> bool:
    """Whether the first facts win on both places."""
    of_first = ranked(HERE, {"host2": first, "host3": second}, VM)[0].host == "host2"
    return of_first and ranked(HERE, {"host2": second, "host3": first}, VM)[0].host == "host3"


@pytest.mark.parametrize(
    "worse",
    [
        replace(FACTS, found=(BLOCKER,)),
        replace(FACTS, unread="host3 can't be reached."),
        replace(FACTS, unwanted="it is in maintenance"),
        replace(FACTS, found=None),
        TargetFacts(),
        replace(FACTS, found=(DOUBT,)),
        replace(FACTS, coming_bytes=62 * GIB),
        replace(FACTS, same_cpu=False),
        replace(FACTS, same_cpu=None),
        replace(FACTS, same_network=False),
        replace(FACTS, same_share=False),
        replace(FACTS, free_bytes=32 * GIB),
        replace(FACTS, free_bytes=None),
        replace(FACTS, coming_bytes=32 * GIB),
        replace(FACTS, load=0.35),
        replace(FACTS, load=None),
        replace(FACTS, free_bytes=63 * GIB),
    ],
)
def test_a_host_with_one_worse_fact_comes_second(worse: TargetFacts) -> None:
    assert better(FACTS, worse)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (replace(FACTS, unread="it is off"), replace(FACTS, found=(BLOCKER,))),
        (replace(FACTS, found=(BLOCKER, DOUBT)), replace(FACTS, found=(BLOCKER, DOUBT, DOUBT))),
        (replace(FACTS, same_cpu=None), replace(FACTS, same_cpu=False)),
        # The fit counts before the amounts.
        (replace(FACTS, free_bytes=8 * GIB, load=0.9), replace(FACTS, same_cpu=False)),
        (replace(FACTS, free_bytes=8 * GIB, load=0.9), replace(FACTS, same_share=False)),
        (replace(FACTS, load=0.9), replace(FACTS, found=(DOUBT,))),
        # An eighth of the most memory and a tenth of the CPUs are no difference.
        (replace(FACTS, free_bytes=60 * GIB, load=0.05), replace(FACTS, load=0.35)),
        (replace(FACTS, free_bytes=40 * GIB, load=0.05), replace(FACTS, free_bytes=30 * GIB, load=0.0)),
        (replace(FACTS, load=0.19), replace(FACTS, load=0.11, free_bytes=63 * GIB)),
    ],
)
def test_the_facts_count_in_their_order(first: TargetFacts, second: TargetFacts) -> None:
    assert better(first, second)


def test_notes_do_not_count_and_equal_hosts_keep_their_order() -> None:
    facts = {"host2": replace(FACTS, found=(Blocker("Its console is cut.", NOTE),)), "host3": FACTS, "host4": FACTS}
    assert [each.host for each in ranked(("host4", "host2", "host3"), facts, VM)] == ["host4", "host2", "host3"]


def test_several_vms_spread_over_equal_hosts_as_they_are_planned() -> None:
    facts, chosen = dict.fromkeys(("host2", "host3", "host4"), FACTS), []
    for _ in range(6):
        best = ranked(facts, facts, VM)[0].host
        chosen.append(best)
        facts[best] = replace(facts[best], coming_bytes=facts[best].coming_bytes + VM)
    assert sorted(chosen) == ["host2", "host2", "host3", "host3", "host4", "host4"]


@pytest.mark.parametrize(
    ("facts", "target"),
    [
        (
            replace(FACTS, coming_bytes=8 * GIB),
            Target(
                "host2",
                ("same CPU model", "52.0 GiB stay free after 8.0 GiB on its way", "load 10 %", "same network",
                 "same share"),
                fits=True,
            ),
        ),
        (
            TargetFacts((DOUBT,), same_cpu=False, same_network=False, same_share=False),
            Target(
                "host2", (DOUBT.text, "another CPU model", "another network", "without the share"), fits=True
            ),
        ),
        (
            TargetFacts((), free_bytes=6 * GIB, coming_bytes=4 * GIB),
            Target(
                "host2",
                (
                    "4.0 GiB of its 6.0 GiB of free memory are needed by VMs on their way there: too little is left "
                    "for 4.0 GiB.",
                    "0 B stay free after 4.0 GiB on its way",
                ),
                fits=True,
            ),
        ),
        (replace(FACTS, found=(BLOCKER, DOUBT)), Target("host2", (BLOCKER.text,), fits=False)),
        (TargetFacts(), Target("host2", (NOT_READ,), fits=False)),
        (
            replace(FACTS, unread="It is off.", unwanted="It is in maintenance."),
            Target("host2", ("It is off.", "It is in maintenance."), fits=False),
        ),
    ],
)  # fmt: skip
def test_a_host_has_the_reasons_for_its_place(facts: TargetFacts, target: Target) -> None:
    assert ranked(("host2",), {"host2": facts}, VM) == [target]


def test_too_little_memory_now_is_one_doubt_as_the_rule_already_says_it() -> None:
    assert TargetFacts((DOUBT,), free_bytes=2 * GIB, coming_bytes=GIB).doubts(VM) == (DOUBT.text,)


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        (replace(FACTS, found=(DOUBT,)), "host2 is first, before host3: nothing is doubtful there."),
        (replace(FACTS, same_cpu=None), "host2 is first, before host3: it has the CPU model of the VM's host."),
        (
            replace(FACTS, same_network=False),
            "host2 is first, before host3: it has a subnet with the VM's host in common.",
        ),
        (replace(FACTS, same_share=False), "host2 is first, before host3: it has the shared folder of the VM's host."),
        (
            replace(FACTS, free_bytes=20 * GIB),
            "host2 is first, before host3: 60.0 GiB of memory stay free there, not 16.0 GiB.",
        ),
        (replace(FACTS, free_bytes=None), "host2 is first, before host3: its free memory is known."),
        (replace(FACTS, load=0.5), "host2 is first, before host3: 10 % of its CPUs are in use, not 50 %."),
        (replace(FACTS, load=None), "host2 is first, before host3: its load is known."),
        (
            FACTS,
            "host2 is first, before host3: they suit equally well, and it comes first in the configuration.",
        ),
        (replace(FACTS, found=(BLOCKER,)), "Only host2 can take it."),
        (TargetFacts(), "Only host2 can take it, as far as is known without host3."),
    ],
)
def test_a_sentence_says_why_the_first_one_is_first(second: TargetFacts, sentence: str) -> None:
    assert why_first(HERE, {"host2": FACTS, "host3": second}, VM) == sentence


def test_fewer_doubts_are_counted_in_that_sentence() -> None:
    facts = {"host2": replace(FACTS, found=(DOUBT,)), "host3": replace(FACTS, found=(DOUBT, DOUBT))}
    assert "1 of the findings there are doubtful, not 2" in why_first(HERE, facts, VM)


def test_nothing_is_said_of_a_single_host_or_where_none_fits() -> None:
    assert not why_first(("host2",), {"host2": FACTS}, VM)
    assert not why_first(HERE, {}, VM)
