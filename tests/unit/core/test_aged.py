"""Facts with their age: when a host is silent, and what it said before."""

import asyncio
from collections.abc import Awaitable

import pytest

from tui.core.aged import SILENT_AFTER_S, VMS, AgedFacts, ago, last_answer
from tui.core.failure import Failure

AWAY = Failure("libvirt cannot be reached", "it is down")


class Clock:
    """The time that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def value(found: object) -> object:
    return found


async def refused() -> object:
    raise AWAY


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_a_fact_has_the_age_of_its_answer(clock: Clock) -> None:
    facts = AgedFacts(clock)
    assert (facts.of("a", VMS).age_s(clock()), facts.of("a", VMS).silent(clock())) == (None, False)
    assert await facts.read("a", VMS, value(("vm",)), len) == ("vm",)
    clock.now += 12
    known = facts.of("a", VMS)
    assert (known.value, known.age_s(clock()), known.silent(clock())) == (1, 12, False)
    assert facts.of("b", VMS).value is None


async def test_a_failure_makes_the_host_silent_and_keeps_the_fact(clock: Clock) -> None:
    facts = AgedFacts(clock)
    await facts.read("a", VMS, value("before"))
    clock.now += 40
    with pytest.raises(Failure):
        await facts.read("a", VMS, refused())
    known = facts.of("a", VMS)
    assert (known.value, known.age_s(clock()), known.failure, known.silent(clock())) == ("before", 40, AWAY, True)
    await facts.read("a", VMS, value("after"))
    assert (facts.of("a", VMS).value, facts.of("a", VMS).silent(clock())) == ("after", False)


async def waiting(facts: AgedFacts, reading: Awaitable[object]) -> "asyncio.Task[object]":
    task = asyncio.ensure_future(facts.read("a", VMS, reading))
    await asyncio.sleep(0)
    return task


async def test_a_request_that_waits_too_long_makes_the_host_silent(clock: Clock) -> None:
    facts, answer = AgedFacts(clock), asyncio.Event()
    await facts.read("a", VMS, value("before"))
    clock.now += 1
    task = await waiting(facts, answer.wait())
    assert not facts.of("a", VMS).silent(clock())
    clock.now += SILENT_AFTER_S
    known = facts.of("a", VMS)
    assert (known.silent(clock()), known.waits_s(clock()), known.value) == (True, SILENT_AFTER_S, "before")
    answer.set()
    await task
    assert not facts.of("a", VMS).silent(clock())


@pytest.mark.parametrize(("waited_s", "silent"), [(0.0, False), (SILENT_AFTER_S, True)])
async def test_a_wait_that_was_ended_leaves_a_late_host_silent(clock: Clock, waited_s: float, silent: bool) -> None:
    facts = AgedFacts(clock)
    task = await waiting(facts, asyncio.Event().wait())
    clock.now += waited_s
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    clock.now += 100
    assert facts.of("a", VMS).silent(clock()) is silent


async def test_a_request_from_before_the_last_answer_does_not_count(clock: Clock) -> None:
    facts = AgedFacts(clock)
    task = await waiting(facts, asyncio.Event().wait())
    clock.now += 100
    await facts.read("a", VMS, value("newer"))
    clock.now += 1
    assert not facts.of("a", VMS).silent(clock())
    await facts.read("a", VMS, value("newest"))
    assert not facts.of("a", VMS).silent(clock())
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("seconds", "words"), [(None, "never"), (0.4, "0 s ago"), (59.9, "59 s ago"), (60, "1 min ago"), (7300, "2 h ago")]
)
def test_an_age_in_words(seconds: float | None, words: str) -> None:
    assert ago(seconds) == words
    assert last_answer(seconds) == ("no answer yet" if seconds is None else f"last answer {words}")
