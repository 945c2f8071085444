"""The observed downtime of guests that stop, restart or do not reply."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from tests.integration.monitored import LIMIT_S, VM, At, Followed, access_to, own_address, silent, status
from tests.integration.test_guest import source_of
from tui.adapters.local import LocalShell
from tui.core.command import Completed
from tui.core.failure import Failure
from tui.core.protocols import Shell
from tui.guest.backend.guest import NEWEST_OUTPUT, Guest
from tui.guest.model.heartbeat import PROGRAM, SUBFOLDER, HeartbeatSpec, parse_heartbeat
from tui.guest.model.workload import CPU, WorkloadSpec, number_of, parse_values
from tui.migration.backend.guest import monitor as guest_monitor
from tui.migration.model import record


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


@pytest.fixture(autouse=True)
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """The guest's programs run in a folder of the test; none is left running."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield
    for subfolder in ("", SUBFOLDER):
        await Guest(LocalShell(), LocalShell(), VM, subfolder).signal("KILL")


async def test_the_next_app_continues_and_reports_how_long_nothing_probed(port: int, tmp_path: Path) -> None:
    guest_access = access_to(port, At(own_address()))
    first = Followed(guest_access, tmp_path)
    first.monitor.begin()
    await first.until(record.UDP_PROBE)
    first.monitor.stop()
    earlier = list(first.events)
    second = Followed(access_to(port, At(own_address())), tmp_path)
    second.log.resume(earlier, first.log.began_at)
    second.monitor.resume(earlier)
    second.monitor.begin()
    (report,) = await second.until(record.UDP_PROBE)
    assert report.data["since_ns"] == earlier[-1].data["since_ns"]
    observed = await second.observed()
    assert observed.unwatched_s > 0
    assert (observed.network_ms, observed.network_why) == (None, "the app was not running at the switchover")
    assert observed.guest_ms is not None
    assert "was not running" in observed.clock_why


async def test_pauses_after_a_switchover_without_replies_are_not_its_downtime(port: int, tmp_path: Path) -> None:
    guest_access = access_to(port, At(own_address()))
    followed = Followed(guest_access, tmp_path)
    followed.monitor.switch_over()
    followed.monitor.begin()
    await followed.until(record.UDP_PROBE)
    observed = await followed.observed()
    assert observed.network_ms is None
    assert observed.guest_ms is None
    assert observed.network == observed.guest
    assert "only after the switchover" in observed.network


async def test_a_guest_that_no_longer_replies_delays_the_end_only_briefly_and_is_reported(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guest_monitor, "SETTLE_LIMIT_S", 0.5)
    followed = Followed(access_to(port, At(own_address())), tmp_path)
    followed.monitor.begin()
    await followed.until(record.UDP_PROBE)
    followed.monitor.switch_over()
    os.kill(int((await status()).split("running ")[1].split()[0]), signal.SIGKILL)
    observed = await followed.observed()
    assert observed.network_open
    assert observed.network_ms is not None
    assert observed.network_ms >= 400
    assert observed.guest == "not measured: the guest no longer replies"


async def test_a_cancelled_migration_has_the_longest_pause_of_its_whole_time(port: int, tmp_path: Path) -> None:
    followed = Followed(access_to(port, At(own_address())), tmp_path)
    followed.monitor.begin()
    await followed.until(record.UDP_PROBE)
    observed = await followed.observed(completed=False)
    assert observed.network_ms is not None
    assert observed.network_before_ms is None


async def test_without_addresses_the_heartbeats_own_log_is_used(port: int, tmp_path: Path) -> None:
    guest_access = access_to(port, At(""))
    await guest_access.heartbeats.ensure_running(VM, silent)
    followed = Followed(guest_access, tmp_path)
    followed.monitor.begin()
    pid = int((await status()).split("running ")[1].split()[0])
    await asyncio.wait_for(followed.monitor.probes.search_ended.wait(), LIMIT_S)
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(0.4)
    finally:
        os.kill(pid, signal.SIGCONT)
    observed = await followed.observed()
    assert observed.network == f"not measured: nothing probed UDP port {port} because the guest's addresses are unknown"
    assert observed.guest_ms is not None
    assert observed.guest_ms >= 380
    assert observed.clock_lost_ms is None
    assert "guest clock drift unknown" in observed.guest


@pytest.mark.parametrize(
    ("shell", "switched_on", "why"),
    [
        (Gone(), True, "root@guest1 can't be reached over ssh: there is no way to it (no route)"),
        (LocalShell(), False, "There is no heartbeat: heartbeat_port is 0 in the configuration"),
    ],
)
async def test_without_a_heartbeat_the_reason_is_recorded(
    shell: Shell, switched_on: bool, why: str, port: int, tmp_path: Path
) -> None:
    followed = Followed(access_to(port if switched_on else 0, shell), tmp_path)
    followed.monitor.begin()
    await asyncio.wait_for(followed.monitor.probes.search_ended.wait(), LIMIT_S)
    observed = await followed.observed()
    assert (observed.network, observed.guest) == (f"not measured: {why}", f"not measured: {why}")


async def test_an_address_without_replies_delays_nothing(port: int, tmp_path: Path) -> None:
    guest_access = access_to(port, At("192.0.2.1"))
    await guest_access.heartbeats.ensure_running(VM, silent)
    followed = Followed(guest_access, tmp_path)
    followed.monitor.begin()
    observed = await followed.observed()
    assert observed.network.startswith("not measured: ")


async def test_without_guest_access_nothing_is_written(tmp_path: Path) -> None:
    followed = Followed(None, tmp_path)
    followed.monitor.begin()
    followed.monitor.switch_over()
    followed.monitor.conclude(completed=True)
    followed.monitor.stop()
    assert followed.events == []


def test_the_heartbeats_status_and_program_name_are_parsed() -> None:
    assert parse_heartbeat(f"name {PROGRAM}\nrunning 5\n").running
    assert HeartbeatSpec(1).program == PROGRAM


class Slow(LocalShell):
    """A guest that replies about its workload only once `replies` is set."""

    def __init__(self) -> None:
        self.replies = asyncio.Event()

    async def run(
        self,
        argv: Sequence[str],
        *,
        stdin: str | bytes = "",
        timeout: float = 30.0,
        on_output: Callable[[str], None] | None = None,
    ) -> Completed:
        if argv[2] == NEWEST_OUTPUT and not argv[4]:
            await self.replies.wait()
        return await super().run(argv, stdin=stdin, timeout=timeout, on_output=on_output)


async def test_an_overdue_reply_is_recorded_while_it_is_overdue_and_requested_once(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.migration.backend.guest.rate.LATE_S", 0.1)
    slow = Slow()
    followed = Followed(access_to(port, slow), tmp_path)
    followed.monitor.begin()
    first, second = (await followed.until(record.GUEST, 2))[:2]
    assert first.data["why"] == "it has not replied yet"
    assert second.data["silent_s"] > first.data["silent_s"] > 0
    slow.replies.set()
    await followed.observed()
    assert followed.log.timeline.guest_known


async def test_rates_of_the_time_without_replies_are_recorded_at_the_end(port: int, tmp_path: Path) -> None:
    slow = Slow()
    slow.replies.set()
    spec = WorkloadSpec(CPU, 1)
    guest_access = access_to(port, slow)
    guest = guest_access.guest(VM, "")
    await guest.install(spec.program, source_of(spec.program), silent)
    await guest.start(spec)
    followed = Followed(guest_access, tmp_path)
    followed.monitor.begin()
    while "rate" not in (await followed.until(record.GUEST))[-1].data:
        await followed.until(record.GUEST, sum(each.kind == record.GUEST for each in followed.events) + 1)
    slow.replies.clear()
    while followed.events[-1].data.get("why") != "it has not replied yet":
        await followed.until(record.GUEST, sum(each.kind == record.GUEST for each in followed.events) + 1)
    ending = asyncio.ensure_future(followed.observed())
    slow.replies.set()
    await ending
    rates = [each.data for each in followed.events if "rate" in each.data]
    logs = [each.read_text() for each in (tmp_path / "cache").glob("**/log")]  # the other is the heartbeat's
    (log,) = (each for each in logs if "additions_per_s" in each)
    logged = [number_of(parse_values(line), "seconds") for line in log.splitlines()]
    first, last = (logged.index(rates[number]["seconds"]) for number in (0, -1))
    assert [data["seconds"] for data in rates] == logged[first : last + 1]
    assert any("ago" in data for data in rates)
    assert followed.events[-1].kind == record.OBSERVED
