"""The guest's clock against its host's, and setting it."""

import asyncio
from dataclasses import replace

import pytest

from tests.fake_agent import FakeAgent
from tests.fake_hosts import FakeHosts, FakeShell, guest1
from tui.core.command import Completed
from tui.core.failure import Failure
from tui.core.protocols import AgentRefused, AgentUnavailable
from tui.guest.backend.clock import GuestClocks
from tui.guest.model.clock import ClockSet, GuestClock, Reading, quickest

SECOND = 10**9


def test_the_difference_has_the_errors_of_both_readings() -> None:
    guest, host = Reading(1_000_000, 5_000_000, 40_000_000), Reading(10_000_000, 12_000_000, 361_000_000)
    clock = GuestClock.between("destination", guest, host)
    assert clock == GuestClock("destination", -313.0, 3.0)
    assert clock.text == "is 313 ms behind destination's (±3.0 ms)"
    assert GuestClock.of(clock.data) == clock


def test_the_quickest_reading_counts() -> None:
    assert quickest([Reading(0, 9, 1), Reading(10, 12, 2), Reading(20, 25, 3)]).clock == 2


@pytest.mark.parametrize(
    ("ahead_ms", "text"),
    [
        (2.9, "agrees with source's (±3.0 ms)"),
        (-3.0, "agrees with source's (±3.0 ms)"),
        (3.5, "is 3.5 ms ahead of source's (±3.0 ms)"),
        (-95_000.0, "is 1 min 35 s behind source's (±3.0 ms)"),
    ],
)
def test_the_words(ahead_ms: float, text: str) -> None:
    assert GuestClock("source", ahead_ms, 3.0).text == text


@pytest.mark.parametrize("data", [{}, {"ahead_ms": "x", "error_ms": 1}, {"ahead_ms": 1}])
def test_an_incomplete_event_has_no_clock(data: dict[str, object]) -> None:
    assert GuestClock.of(data) is None


def test_the_sentence_after_it_was_set() -> None:
    done = ClockSet(GuestClock("source", -500.0, 3.0), GuestClock("source", 1.0, 3.0), "no hwclock")
    assert done.sentence("guest1") == (
        "The clock of guest1 now agrees with source's (±3.0 ms); before, it was 500 ms behind source's (±3.0 ms). "
        "The agent reported: no hwclock."
    )


@pytest.fixture
def world() -> FakeHosts:
    return FakeHosts()


class Local(FakeShell):
    """A host with this machine's clock."""

    async def run(self, argv: object, **_options: object) -> Completed:
        assert argv == ("date", "+%s.%N")
        process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
        out, _ = await process.communicate()
        return Completed(0, out.decode(), "")


@pytest.fixture
def agent(world: FakeHosts) -> FakeAgent:
    agent = FakeAgent()
    world.source.known["guest1"] = guest1("running")
    world.source.agents["guest1"] = agent
    world.shells[""] = Local()
    return agent


@pytest.fixture
def clocks(world: FakeHosts) -> GuestClocks:
    return GuestClocks(world.connections)


async def test_a_guest_that_is_behind_is_set(agent: FakeAgent, clocks: GuestClocks) -> None:
    agent.ahead_ns = -90 * SECOND
    behind = await clocks.compare("guest1")
    assert behind.host == "source"
    assert -90_000 - behind.error_ms <= behind.ahead_ms <= -90_000 + behind.error_ms
    done = await clocks.set("guest1")
    assert not done.before.agrees
    assert abs(done.after.ahead_ms) < abs(done.before.ahead_ms)
    assert done.trouble == ""


async def test_a_clock_that_was_set_counts_although_the_hardware_clock_was_not(
    agent: FakeAgent, clocks: GuestClocks
) -> None:
    agent.ahead_ns, agent.no_hwclock = -90 * SECOND, True
    done = await clocks.set("guest1")
    assert "hwclock failed" in done.trouble
    assert abs(done.after.ahead_ms) < abs(done.before.ahead_ms)


async def test_an_agent_that_may_not_set_it_is_a_failure(agent: FakeAgent, clocks: GuestClocks) -> None:
    agent.ahead_ns, agent.forbidden = -90 * SECOND, {"guest-set-time"}
    with pytest.raises(AgentRefused, match="may not run"):
        await clocks.set("guest1")


async def test_a_vm_that_is_off_has_no_clock(world: FakeHosts, agent: FakeAgent, clocks: GuestClocks) -> None:
    world.source.known["guest1"] = replace(guest1("running"), state="shut off")
    with pytest.raises(AgentUnavailable, match="The clock of guest1 can't be read: shut off on source"):
        await clocks.compare("guest1")


async def test_a_host_whose_date_has_no_nanoseconds_is_a_failure(
    world: FakeHosts, agent: FakeAgent, clocks: GuestClocks
) -> None:
    world.shells[""] = FakeShell({"date": "1700000000.%N\n"})
    with pytest.raises(Failure, match="The clock of source could not be read"):
        await clocks.compare("guest1")
