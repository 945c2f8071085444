"""The guest monitor with a real heartbeat, real datagrams and a real workload; the guest is this machine."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.monitored import LIMIT_S, VM, At, Followed, access_to, own_address, silent, status
from tests.integration.test_guest import source_of
from tui.adapters.local import LocalShell
from tui.core.failure import Failure
from tui.guest.backend.guest import Guest
from tui.guest.model.heartbeat import SUBFOLDER
from tui.guest.model.workload import CPU, WorkloadSpec
from tui.migration.model import record

HALT_S = 1.5


@pytest.fixture(autouse=True)
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """The guest's programs run in a folder of the test; none is left running."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield
    for subfolder in ("", SUBFOLDER):
        await Guest(LocalShell(), LocalShell(), VM, subfolder).signal("KILL")


async def test_a_heartbeat_is_started_once_and_found_again(port: int) -> None:
    first = await access_to(port).heartbeats.ensure_running(VM, silent)
    assert first.port == port
    pid = (await status()).split("running ")[1].split()[0]
    again = access_to(port + 1)
    assert await again.heartbeats.ensure_running(VM, silent) == first  # a running one is used, whatever its port
    assert again.heartbeats.known(VM) == first
    assert f"running {pid}\n" in await status()


async def test_two_searches_at_once_start_one_heartbeat(port: int) -> None:
    heartbeats = access_to(port).heartbeats
    first, second = await asyncio.gather(heartbeats.ensure_running(VM, silent), heartbeats.ensure_running(VM, silent))
    assert first == second


async def test_two_clients_at_once_start_one_heartbeat_and_both_use_it(port: int) -> None:
    clients = [access_to(port).heartbeats for _ in range(2)]
    first, second = await asyncio.gather(*(each.ensure_running(VM, silent) for each in clients))
    assert first == second
    assert first.port == port
    assert "running " in await status()
    assert "error=" not in await status()


async def test_a_migration_that_ends_during_the_search_leaves_a_heartbeat_for_the_next_one(
    port: int, tmp_path: Path
) -> None:
    guest_access = access_to(port)
    followed = Followed(guest_access, tmp_path)
    followed.monitor.begin()
    observed = await followed.observed()
    assert observed.network == "not measured: the migration ended before the guest's heartbeat was found"

    async def running() -> None:
        while "running " not in await status():  # noqa: ASYNC110  # a process starts
            await asyncio.sleep(0.05)

    await asyncio.wait_for(running(), LIMIT_S)


async def test_a_port_in_use_is_reported_in_the_heartbeats_words(port: int) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp:
        udp.bind(("::", port))
        with pytest.raises(Failure, match=f"ended at once.*UDP port {port}") as caught:
            await access_to(port).heartbeats.ensure_running(VM, silent)
    assert "try another --port" in str(caught.value)


async def test_a_halted_guest_is_a_pause_for_the_network_and_for_itself(port: int, tmp_path: Path) -> None:
    guest_access = access_to(port, At(own_address()))
    await guest_access.heartbeats.ensure_running(VM, silent)
    followed = Followed(guest_access, tmp_path)
    followed.monitor.begin()
    await followed.until(record.UDP_PROBE)
    pid = int((await status()).split("running ")[1].split()[0])
    followed.monitor.switch_over()
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(0.4)
    finally:
        os.kill(pid, signal.SIGCONT)
    observed = await followed.observed()
    assert observed.network_ms is not None
    assert observed.guest_ms is not None
    assert observed.network_resolution_ms is not None
    assert observed.network_ms + observed.network_resolution_ms >= 380  # it counts from the first lost probe
    assert observed.guest_ms >= 380
    assert observed.clock_lost_ms == 0.0  # the clock of a halted program runs on
    assert observed.network_before_ms is not None
    assert [each.kind for each in followed.events][-1] == record.OBSERVED
    assert sum(each.data["answered"] for each in followed.events if each.kind == record.UDP_PROBE) > 20


async def test_a_halted_app_is_no_pause_of_the_network(port: int) -> None:
    await access_to(port).heartbeats.ensure_running(VM, silent)
    argv = [sys.executable, "-m", "tests.integration.probing", own_address(), str(port)]
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
    probing = await asyncio.create_subprocess_exec(*argv, **pipes)
    assert probing.stdout is not None
    assert await asyncio.wait_for(probing.stdout.readline(), LIMIT_S) == b"replies\n"
    probing.send_signal(signal.SIGSTOP)
    try:
        await asyncio.sleep(HALT_S)
    finally:
        probing.send_signal(signal.SIGCONT)
    printed, _ = await asyncio.wait_for(probing.communicate(b""), LIMIT_S)
    found = json.loads(printed)
    assert found["in_time"]
    assert found["pause_s"] < HALT_S <= found["unprobed_s"]


async def test_a_workloads_rate_is_recorded_for_each_new_line(port: int, tmp_path: Path) -> None:
    spec = WorkloadSpec(CPU, 1)
    guest_access = access_to(port)
    guest = guest_access.guest(VM, "")
    await guest.install(spec.program, source_of(spec.program), silent)
    await guest.start(spec)
    followed = Followed(guest_access, tmp_path)
    followed.monitor.begin()
    found = await followed.until(record.GUEST, 3)
    rates = [each.data for each in found if "rate" in each.data]
    assert {(data["workload"], data["unit"]) for data in rates} == {(CPU, "additions/s")}
    assert [data["seconds"] for data in rates] == sorted({data["seconds"] for data in rates})
    await guest.signal("STOP")
    while "silent_s" not in followed.events[-1].data:
        await followed.until(record.GUEST, sum(each.kind == record.GUEST for each in followed.events) + 1)
    assert followed.events[-1].data["why"] == "its workload wrote no new line"
    assert not followed.log.timeline.events  # events of every second do not displace the others
    await guest.signal("CONT")
    await followed.observed()
