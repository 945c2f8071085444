"""What a queue does next, as a table: limits, the budget, failures, other hosts, pauses."""

import pytest

from tests.unit.queue.plans import entry, failed, moved, plan, progress, running
from tui.core.quantity import MIB
from tui.queue.model.plan import QueuePlan
from tui.queue.model.progress import BEGUN, DROPPED, FINISHED, PAUSED, RESUMED, STOPPED, TAKEN_OUT, Progress
from tui.queue.model.scheduler import (
    Act,
    GiveUp,
    Running,
    SetBandwidth,
    Situation,
    Start,
    Stop,
    all_over,
    decide,
    share_mib_s,
)

TWO = (entry(1), entry(2))
FOUR = (entry(1), entry(2, "c"), entry(3), entry(4, "c"))
NOTHING = Situation()


def under_way(*ways: tuple[int, str], mib_s: int | None = 0) -> tuple[Running, ...]:
    return tuple(Running(number, "a", target, mib_s) for number, target in ways)


def queue(do: str, **fields: object) -> list[dict[str, object]]:
    return [{"do": do, **fields}]


TAKEN = [{"do": DROPPED, "number": 1, "state": TAKEN_OUT}]

CASES: dict[str, tuple[QueuePlan, Progress, Situation, tuple[Act, ...]]] = {
    "two leave a host at once, in their order": (
        plan(*FOUR), progress(), NOTHING, (Start(1, "b", 0), Start(2, "c", 0)),
    ),
    "no third one while two leave the host": (
        plan(*FOUR), progress(running(1), running(2, "c")), Situation(under_way((1, "b"), (2, "c"))), (),
    ),
    "the next one starts when one has ended": (
        plan(*FOUR), progress(moved(1), running(2, "c")), Situation(under_way((2, "c"))), (Start(3, "b", 0),),
    ),
    "the limit in all": (
        plan(*FOUR, at_once=1), progress(), NOTHING, (Start(1, "b", 0),),
    ),
    "the limit of a target lets a later one to another host go first": (
        plan(entry(1), entry(2), entry(3, "c"), per_host=1), progress(), Situation(others=(("x", "b"),)),
        (Start(3, "c", 0),),
    ),
    "the migrations of others count for their hosts": (
        plan(*FOUR), progress(), Situation(others=(("a", "x"),)), (Start(1, "b", 0),),
    ),
    "they do not count in all": (
        plan(*FOUR, at_once=2), progress(), Situation(others=(("x", "y"), ("x", "y"))),
        (Start(1, "b", 0), Start(2, "c", 0)),
    ),
    "a VM that somebody migrates is not touched, and keeps no other one waiting": (
        plan(*TWO), progress(), Situation(busy=frozenset({"vm1"})), (Start(2, "b", 0),),
    ),
    "what cannot move is not started": (
        plan(entry(1, "", targets=(), cannot="it has a host device"), entry(2)), progress(), NOTHING,
        (Start(2, "b", 0),),
    ),
    "what was taken out is not started": (plan(*TWO), progress(TAKEN), NOTHING, (Start(2, "b", 0),)),
    "the budget is shared by those that start": (
        plan(*TWO, bandwidth=100 * MIB), progress(), NOTHING, (Start(1, "b", 50), Start(2, "b", 50)),
    ),
    "the one that runs gives half of it before the other starts": (
        plan(*TWO, bandwidth=100 * MIB), progress(running(1)), Situation(under_way((1, "b"), mib_s=100)),
        (SetBandwidth(1, 50), Start(2, "b", 50)),
    ),
    "the one that still runs gets all of it": (
        plan(*TWO, bandwidth=100 * MIB), progress(moved(1), running(2)), Situation(under_way((2, "b"), mib_s=50)),
        (SetBandwidth(2, 100),),
    ),
    "a share that is set already is not set again": (
        plan(*TWO, bandwidth=100 * MIB), progress(moved(1), running(2)), Situation(under_way((2, "b"), mib_s=100)), (),
    ),
    "an unknown limit is set": (
        plan(entry(1), bandwidth=100 * MIB), progress(running(1)), Situation(under_way((1, "b"), mib_s=None)),
        (SetBandwidth(1, 100),),
    ),
    "each has at least 1 MiB/s": (
        plan(*TWO, bandwidth=MIB), progress(), NOTHING, (Start(1, "b", 1), Start(2, "b", 1)),
    ),
    "a VM that failed is tried on the next host": (
        plan(*TWO), progress(failed(1, again=True)), NOTHING, (Start(1, "c", 0), Start(2, "b", 0)),
    ),
    "but not if it may not go elsewhere": (
        plan(entry(1), elsewhere=False), progress(failed(1, again=True)), NOTHING, (GiveUp(1, "b refused it"),),
    ),
    "it is given up when no host is left": (
        plan(entry(1)), progress(failed(1, again=True), failed(1, "c", again=True)), NOTHING,
        (GiveUp(1, "c refused it"),),
    ),
    "a host in maintenance is passed over": (
        plan(entry(1)), progress(), Situation(avoid=frozenset({"b"})), (Start(1, "c", 0),),
    ),
    "a VM that could only go to such a host is given up": (
        plan(entry(1, targets=("b",))), progress(), Situation(avoid=frozenset({"b"})),
        (GiveUp(1, "b is in maintenance"),),
    ),
    "the failure that is one too many stops it": (
        plan(*FOUR, stop_after=2), progress(failed(1), failed(2)), NOTHING,
        (Stop("2 migrations have failed; the last one: b refused it"),),
    ),
    "the first failure stops it": (
        plan(*TWO, stop_after=1), progress(failed(1)), NOTHING,
        (Stop("a migration has failed; the last one: b refused it"),),
    ),
    "0 never stops it": (
        plan(*FOUR, stop_after=0), progress(failed(1), failed(2), failed(3)), NOTHING, (Start(4, "c", 0),),
    ),
    "failures before it was continued do not count": (
        plan(*TWO, stop_after=1), progress(failed(1), queue(STOPPED, why="x"), queue(BEGUN)), NOTHING,
        (Start(2, "b", 0),),
    ),
    "one that was sent elsewhere has not failed": (
        plan(*TWO, stop_after=1), progress(failed(1, again=True), moved(1, "c")), NOTHING, (Start(2, "b", 0),),
    ),
    "nothing starts while it is paused": (plan(*TWO), progress(queue(PAUSED)), NOTHING, ()),
    "those that run share the budget nevertheless": (
        plan(*TWO, bandwidth=100 * MIB), progress(running(1), queue(PAUSED)), Situation(under_way((1, "b"), mib_s=50)),
        (SetBandwidth(1, 100),),
    ),
    "it goes on when it is resumed": (
        plan(entry(1)), progress(queue(PAUSED), queue(RESUMED)), NOTHING, (Start(1, "b", 0),),
    ),
    "nothing starts once it was stopped": (plan(*TWO), progress(queue(STOPPED, why="by a client")), NOTHING, ()),
    "nothing starts once it is finished": (plan(*TWO), progress(queue(FINISHED)), NOTHING, ()),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_a_queue_does_next(name: str) -> None:
    made, known, now, expected = CASES[name]
    assert decide(made, known, now) == expected


def test_no_limit_is_shared_as_no_limit() -> None:
    assert share_mib_s(0, 3) == 0


def test_a_queue_is_over_when_nothing_waits_or_runs() -> None:
    made = plan(*TWO, entry(3, "", targets=(), cannot="why"))
    assert not all_over(made, progress(moved(1)))
    assert not all_over(made, progress(moved(1), running(2)))
    assert not all_over(made, progress(moved(1), failed(2, again=True)))
    assert all_over(made, progress(moved(1), failed(2)))
    assert all_over(made, progress(TAKEN, moved(2)))


def test_a_whole_queue_never_passes_its_limits_and_starts_each_vm_once() -> None:
    many = plan(*(entry(number, "bc"[number % 2]) for number in range(1, 21)), at_once=3, bandwidth=90 * MIB)
    logs: list[list[dict[str, object]]] = []
    runs: list[Running] = []
    started: list[int] = []
    while not all_over(many, progress(*logs)):
        acts = decide(many, progress(*logs), Situation(tuple(runs)))
        for act in acts:
            if isinstance(act, SetBandwidth):
                runs = [Running(each.number, "a", each.target, act.mib_s) if each.number == act.number else each
                        for each in runs]  # fmt: skip
            if isinstance(act, Start):
                logs.append(running(act.number, act.target))
                runs.append(Running(act.number, "a", act.target, act.mib_s))
                started.append(act.number)
            assert sum(each.mib_s or 0 for each in runs) <= 90
        assert len(runs) <= 2  # per host
        ended = runs.pop(0)
        logs.append(moved(ended.number, ended.target)[1:])
    assert started == list(range(1, 21))
