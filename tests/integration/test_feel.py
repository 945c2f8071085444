"""What a guest feels, with a real heartbeat, real datagrams and a real workload; the guest is this machine."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from tests.integration.test_guest import source_of
from tui.adapters.local import LocalShell
from tui.core.command import Completed
from tui.core.failure import Failure
from tui.core.protocols import Shell
from tui.core.threads import on_thread
from tui.guest.backend.guest import NEWEST_OUTPUT, Guest
from tui.guest.backend.heartbeats import Heartbeats
from tui.guest.model.heartbeat import PROGRAM, SUBFOLDER, HeartbeatSpec, parse_heartbeat
from tui.guest.model.workload import CPU, WorkloadSpec, number_of, parse_values
from tui.migration.backend import guest_monitor as feel_module
from tui.migration.backend.guest_monitor import GuestAccess, GuestMonitor
from tui.migration.backend.recorder import Recorder
from tui.migration.backend.run_log import RunLog
from tui.migration.model import record
from tui.migration.model.observed_downtime import ObservedDowntime
from tui.migration.model.record import Event, Record

LIMIT_S = 60.0
VM = "guest1"


def silent(_text: str) -> None:
    """For calls whose progress nobody reads."""


class At(LocalShell):
    """A guest that gives another address of itself than it has."""

    def __init__(self, address: str) -> None:
        self.address = address

    async def run(
        self,
        argv: Sequence[str],
        *,
        stdin: str | bytes = "",
        timeout: float = 30.0,
        on_output: Callable[[str], None] | None = None,
    ) -> Completed:
        if "SSH_CONNECTION" in argv[2]:
            return Completed(0, self.address, "")
        return await super().run(argv, stdin=stdin, timeout=timeout, on_output=on_output)


class Gone(LocalShell):
    """A guest that can't be reached."""

    async def run(
        self,
        argv: Sequence[str],
        *,
        stdin: str | bytes = "",
        timeout: float = 30.0,
        on_output: Callable[[str], None] | None = None,
    ) -> Completed:
        raise Failure("root@guest1 can't be reached over ssh", "there is no way to it (no route)")


@pytest.fixture
def port() -> int:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp:
        udp.bind(("::", 0))
        return int(udp.getsockname()[1])


@pytest.fixture(autouse=True)
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """A folder of the test's own for what runs in the guest, in which nothing is left running."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield
    for place in ("", SUBFOLDER):
        await Guest(LocalShell(), LocalShell(), VM, place).signal("KILL")


def senses_of(port: int, shell: Shell | None = None) -> GuestAccess:
    """Of this machine, by an address of it that a guest would give."""

    def guest(name: str, place: str) -> Guest:
        return Guest(shell or LocalShell(), LocalShell(), name, place)

    return GuestAccess(guest, Heartbeats(guest, port))


def own_address() -> str:
    """One of this machine that others could use, or the next best."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        try:
            udp.connect(("192.0.2.1", 9))  # nothing is sent by that
        except OSError:
            pytest.skip("this machine has no address but its own")
        return str(udp.getsockname()[0])


class Followed:
    """The feel of a migration, and what it wrote."""

    def __init__(self, guest_access: GuestAccess | None, folder: Path) -> None:
        self.log = RunLog(Recorder.create(folder, "run"))
        self.feel = GuestMonitor(VM, guest_access, self.log)
        self.events: list[Event] = []
        self._more = asyncio.Event()
        self.log.listen(self._heard)

    def _heard(self, each: Record) -> None:
        assert isinstance(each, Event)
        self.events.append(each)
        self._more.set()

    async def until(self, kind: str, count: int = 1) -> list[Event]:
        async def enough() -> list[Event]:
            while len(found := [each for each in self.events if each.kind == kind]) < count:
                self._more.clear()
                await self._more.wait()
            return found

        return await asyncio.wait_for(enough(), LIMIT_S)

    async def observed(self, *, completed: bool = True) -> ObservedDowntime:
        await on_thread(lambda: self.feel.conclude(completed=completed))
        found = ObservedDowntime.of((await self.until(record.OBSERVED))[0].data)
        self.feel.let_go()
        return found


async def test_a_heartbeat_is_started_once_and_found_again(port: int) -> None:
    first = await senses_of(port).heartbeats.ensure_running(VM, silent)
    assert first.port == port
    pid = (await status()).split("running ")[1].split()[0]
    again = senses_of(port + 1)
    assert (
        await again.heartbeats.ensure_running(VM, silent) == first
    )  # the one that beats is as good as the one asked for
    assert again.heartbeats.known(VM) == first
    assert f"running {pid}\n" in await status()


async def status() -> str:
    return await Guest(LocalShell(), LocalShell(), VM, SUBFOLDER).status_text()


async def test_two_that_look_for_it_at_once_start_one(port: int) -> None:
    heartbeats = senses_of(port).heartbeats
    first, second = await asyncio.gather(heartbeats.ensure_running(VM, silent), heartbeats.ensure_running(VM, silent))
    assert first == second


async def test_a_migration_that_is_over_sooner_leaves_a_heartbeat_for_the_next_one(port: int, tmp_path: Path) -> None:
    guest_access = senses_of(port)
    followed = Followed(guest_access, tmp_path)
    followed.feel.begin()
    observed = await followed.observed()
    assert observed.network == "not known: its end came before the heartbeat was found in the guest"

    async def beating() -> None:
        while "running " not in await status():  # noqa: ASYNC110  # what begins is a process
            await asyncio.sleep(0.05)

    await asyncio.wait_for(beating(), LIMIT_S)


async def test_a_port_that_is_taken_is_said_in_the_heartbeats_words(port: int) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp:
        udp.bind(("::", port))
        with pytest.raises(Failure, match=f"ended at once.*UDP port {port}") as caught:
            await senses_of(port).heartbeats.ensure_running(VM, silent)
    assert "try another --port" in str(caught.value)


async def test_a_halted_guest_is_a_pause_for_the_network_and_for_itself(port: int, tmp_path: Path) -> None:
    guest_access = senses_of(port, At(own_address()))
    await guest_access.heartbeats.ensure_running(VM, silent)
    followed = Followed(guest_access, tmp_path)
    followed.feel.begin()
    await followed.until(record.UDP_PROBE)
    pid = int((await status()).split("running ")[1].split()[0])
    followed.feel.switch_over()
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(0.4)
    finally:
        os.kill(pid, signal.SIGCONT)
    observed = await followed.observed()
    assert observed.network_ms is not None
    assert observed.guest_ms is not None
    assert observed.network_ms >= 380
    assert observed.guest_ms >= 380
    assert observed.clock_lost_ms == 0.0  # the clock of a halted program runs on
    assert observed.network_before_ms is not None
    assert [each.kind for each in followed.events][-1] == record.OBSERVED
    assert sum(each.data["answered"] for each in followed.events if each.kind == record.UDP_PROBE) > 100


async def test_a_workloads_rate_is_written_down_each_time_it_says_something_new(port: int, tmp_path: Path) -> None:
    spec = WorkloadSpec(CPU, 1)
    guest_access = senses_of(port)
    guest = guest_access.guest(VM, "")
    await guest.install(spec.program, source_of(spec.program), silent)
    await guest.start(spec)
    followed = Followed(guest_access, tmp_path)
    followed.feel.begin()
    found = await followed.until(record.GUEST, 3)
    rates = [each.data for each in found if "rate" in each.data]
    assert {(data["workload"], data["unit"]) for data in rates} == {(CPU, "additions/s")}
    assert [data["seconds"] for data in rates] == sorted({data["seconds"] for data in rates})
    await guest.signal("STOP")
    while "silent_s" not in followed.events[-1].data:
        await followed.until(record.GUEST, sum(each.kind == record.GUEST for each in followed.events) + 1)
    assert followed.events[-1].data["why"] == "its workload said nothing new"
    assert not followed.log.timeline.events  # what comes every second does not crowd out the rest
    await guest.signal("CONT")
    await followed.observed()


async def test_the_next_app_goes_on_and_says_for_how_long_nobody_probed(port: int, tmp_path: Path) -> None:
    guest_access = senses_of(port, At(own_address()))
    first = Followed(guest_access, tmp_path)
    first.feel.begin()
    await first.until(record.UDP_PROBE)
    first.feel.let_go()
    earlier = list(first.events)
    second = Followed(senses_of(port, At(own_address())), tmp_path)
    second.log.resume(earlier, first.log.began_at)
    second.feel.resume(earlier)
    second.feel.begin()
    (echo,) = await second.until(record.UDP_PROBE)
    assert echo.data["since_ns"] == earlier[-1].data["since_ns"]
    observed = await second.observed()
    assert observed.unwatched_s > 0
    assert (observed.network_ms, observed.network_why) == (None, "the app was not running at the switchover")
    assert observed.guest_ms is not None
    assert "was not running" in observed.clock_why


async def test_a_switchover_before_the_first_answer_is_not_measured_by_what_came_later(
    port: int, tmp_path: Path
) -> None:
    guest_access = senses_of(port, At(own_address()))
    followed = Followed(guest_access, tmp_path)
    followed.feel.switch_over()
    followed.feel.begin()
    await followed.until(record.UDP_PROBE)
    observed = await followed.observed()
    assert observed.network_ms is None
    assert observed.guest_ms is None
    assert observed.network == observed.guest
    assert "only after the switchover" in observed.network


async def test_a_guest_that_answers_no_more_holds_up_the_end_for_a_moment_only_and_it_says_so(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feel_module, "SETTLE_LIMIT_S", 0.5)
    followed = Followed(senses_of(port, At(own_address())), tmp_path)
    followed.feel.begin()
    await followed.until(record.UDP_PROBE)
    followed.feel.switch_over()
    os.kill(int((await status()).split("running ")[1].split()[0]), signal.SIGKILL)
    observed = await followed.observed()
    assert observed.network_open
    assert observed.network_ms is not None
    assert observed.network_ms >= 400
    assert observed.guest == "not known: it answers no more"


async def test_a_migration_that_was_cancelled_has_the_longest_pause_of_all_of_it(port: int, tmp_path: Path) -> None:
    followed = Followed(senses_of(port, At(own_address())), tmp_path)
    followed.feel.begin()
    await followed.until(record.UDP_PROBE)
    observed = await followed.observed(completed=False)
    assert observed.network_ms is not None
    assert observed.network_before_ms is None


async def test_without_a_way_for_datagrams_the_heartbeats_own_log_is_what_is_known(port: int, tmp_path: Path) -> None:
    guest_access = senses_of(port, At(""))
    await guest_access.heartbeats.ensure_running(VM, silent)
    followed = Followed(guest_access, tmp_path)
    followed.feel.begin()
    pid = int((await status()).split("running ")[1].split()[0])
    await asyncio.wait_for(followed.feel.looked.wait(), LIMIT_S)
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(0.4)
    finally:
        os.kill(pid, signal.SIGCONT)
    observed = await followed.observed()
    assert (
        observed.network
        == f"not known: no probe of UDP port {port} was answered, for the guest's addresses are not known"
    )
    assert observed.guest_ms is not None
    assert observed.guest_ms >= 380
    assert observed.clock_lost_ms is None
    assert "whether that stood still meanwhile is not known" in observed.guest


@pytest.mark.parametrize(
    ("shell", "switched_on", "why"),
    [
        (Gone(), True, "root@guest1 can't be reached over ssh: there is no way to it (no route)"),
        (LocalShell(), False, "There is no heartbeat: heartbeat_port is 0 in the configuration"),
    ],
)
async def test_where_nothing_can_be_felt_the_reason_is_written_down(
    shell: Shell, switched_on: bool, why: str, port: int, tmp_path: Path
) -> None:
    followed = Followed(senses_of(port if switched_on else 0, shell), tmp_path)
    followed.feel.begin()
    await asyncio.wait_for(followed.feel.looked.wait(), LIMIT_S)
    observed = await followed.observed()
    assert (observed.network, observed.guest) == (f"not known: {why}", f"not known: {why}")


async def test_an_address_at_which_nothing_answers_holds_up_nobody(port: int, tmp_path: Path) -> None:
    guest_access = senses_of(port, At("192.0.2.1"))
    await guest_access.heartbeats.ensure_running(VM, silent)
    followed = Followed(guest_access, tmp_path)
    followed.feel.begin()
    observed = await followed.observed()
    assert observed.network.startswith("not known: ")


async def test_without_senses_nothing_is_written(tmp_path: Path) -> None:
    followed = Followed(None, tmp_path)
    followed.feel.begin()
    followed.feel.switch_over()
    followed.feel.conclude(completed=True)
    followed.feel.let_go()
    assert followed.events == []


def test_the_heartbeat_knows_its_own_words() -> None:
    assert parse_heartbeat(f"name {PROGRAM}\nrunning 5\n").running
    assert HeartbeatSpec(1).program == PROGRAM


class Slow(LocalShell):
    """A guest that keeps a look at its workload waiting until it is let go."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()

    async def run(
        self,
        argv: Sequence[str],
        *,
        stdin: str | bytes = "",
        timeout: float = 30.0,
        on_output: Callable[[str], None] | None = None,
    ) -> Completed:
        if argv[2] == NEWEST_OUTPUT and not argv[4]:
            await self.let_go.wait()
        return await super().run(argv, stdin=stdin, timeout=timeout, on_output=on_output)


async def test_an_answer_that_is_owed_is_written_down_while_it_is_and_asked_for_once(port: int, tmp_path: Path) -> None:
    slow = Slow()
    followed = Followed(senses_of(port, slow), tmp_path)
    followed.feel.begin()
    first, second = (await followed.until(record.GUEST, 2))[:2]
    assert first.data["why"] == "it has not answered yet"
    assert second.data["silent_s"] > first.data["silent_s"] > 0
    slow.let_go.set()
    await followed.observed()
    assert followed.log.timeline.guest_known


async def test_what_a_workload_said_while_its_guest_could_not_be_asked_is_written_down_at_the_end(
    port: int, tmp_path: Path
) -> None:
    slow = Slow()
    slow.let_go.set()
    spec = WorkloadSpec(CPU, 1)
    guest_access = senses_of(port, slow)
    guest = guest_access.guest(VM, "")
    await guest.install(spec.program, source_of(spec.program), silent)
    await guest.start(spec)
    followed = Followed(guest_access, tmp_path)
    followed.feel.begin()
    while "rate" not in (await followed.until(record.GUEST))[-1].data:
        await followed.until(record.GUEST, sum(each.kind == record.GUEST for each in followed.events) + 1)
    slow.let_go.clear()
    while followed.events[-1].data.get("why") != "it has not answered yet":
        await followed.until(record.GUEST, sum(each.kind == record.GUEST for each in followed.events) + 1)
    ending = asyncio.ensure_future(followed.observed())
    slow.let_go.set()
    await ending
    rates = [each.data for each in followed.events if "rate" in each.data]
    logs = [each.read_text() for each in (tmp_path / "cache").glob("**/log")]  # the other is the heartbeat's
    (log,) = (each for each in logs if "additions_per_s" in each)
    told = [number_of(parse_values(line), "seconds") for line in log.splitlines()]
    first, last = (told.index(rates[number]["seconds"]) for number in (0, -1))
    assert [data["seconds"] for data in rates] == told[first : last + 1]
    assert any("ago" in data for data in rates)
    assert followed.events[-1].kind == record.OBSERVED
