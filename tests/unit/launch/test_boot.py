"""Booting and stopping VMs."""

from collections.abc import Callable

import pytest

from tests.fake_hosts import FakeHosts, guest1
from tests.unit.launch.launch_world import launch_of, silent
from tui.core.failure import Failure, UntrustedHost
from tui.guest.model.workload import (
    CPU,
    MEMORY,
    WorkloadSpec,
)
from tui.launch.backend import launch as launch_module
from tui.launch.backend.launch import Launch


def test_the_configured_workloads_are_proposed() -> None:
    launch = launch_of(FakeHosts())
    assert launch.default_spec(CPU) == WorkloadSpec(CPU, 2)
    assert launch.default_spec(MEMORY) == WorkloadSpec(MEMORY, 2, 150, 0)


async def test_booting_starts_the_vm_on_its_host_and_waits_for_its_guest() -> None:
    world = FakeHosts()
    world.source.known, world.destination.known = {}, {"guest1": guest1()}
    world.guest.answers = {"true": Failure("can't be reached", "connection refused")}
    progress: list[str] = []

    def on_progress(text: str) -> None:
        progress.append(text)
        if "connection refused" in text:
            world.guest.answers = {}

    assert "is up" in await launch_of(world).boot(on_progress)
    assert "start guest1" in world.destination.calls
    assert "start guest1" not in world.source.calls
    assert progress[0] == "starting guest1 on destination"
    assert "booting: connection refused" in progress
    assert world.guest.closed  # it was connected to the guest before the restart


async def test_a_running_vm_is_not_booted() -> None:
    world = FakeHosts()
    world.source.known["guest1"] = guest1("running")
    with pytest.raises(Failure, match="already running on source"):
        await launch_of(world).boot(silent)


async def test_booting_does_not_wait_for_a_guest_with_an_unknown_host_key() -> None:
    world = FakeHosts()
    world.guest.answers = {"true": UntrustedHost("guest1's host key is not known")}
    with pytest.raises(UntrustedHost):
        await launch_of(world).boot(silent)


async def test_booting_does_not_wait_for_a_vm_that_stopped() -> None:
    world = FakeHosts()
    world.guest.answers = {"true": Failure("can't be reached", "no route")}

    def on_progress(text: str) -> None:
        if "no route" in text:
            world.source.known["guest1"] = guest1("shut off")

    with pytest.raises(Failure, match="stopped during its boot"):
        await launch_of(world).boot(on_progress)


async def test_a_guest_that_never_replies_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch_module, "BOOT_LIMIT_S", 0.0)
    with pytest.raises(Failure, match="did not reply over ssh"):
        await launch_of(FakeHosts()).boot(silent)


async def test_a_guest_that_ignores_the_shutdown_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch_module, "SHUTDOWN_LIMIT_S", 0.0)
    world = FakeHosts()
    world.source.known["guest1"] = guest1("running")
    with pytest.raises(Failure, match="force it off"):
        await launch_of(world).shut_down(silent)


async def test_the_vm_is_shut_down_and_forced_off_where_it_runs() -> None:
    world = FakeHosts()
    world.source.known["guest1"] = guest1("running")
    await launch_of(world).shut_down(silent)
    world.source.known["guest1"] = guest1("running")
    await launch_of(world).force_off(silent)
    assert [call for call in world.source.calls if "guest1" in call] == ["shut_down guest1", "force_off guest1"]


async def test_a_vm_that_is_being_migrated_is_not_forced_off() -> None:
    """In post-copy each host has a part of its memory, and both would be lost."""
    world = FakeHosts()
    world.source.known["guest1"] = guest1("running")
    world.source.stats = {"type": 2, "operation": 5}
    with pytest.raises(Failure, match="it is being migrated"):
        await launch_of(world).force_off(silent)
    assert "force_off guest1" not in world.source.calls


@pytest.mark.parametrize("call", [Launch.shut_down, Launch.force_off])
async def test_a_vm_that_does_not_run_cannot_be_stopped(call: Callable[..., object]) -> None:
    with pytest.raises(Failure, match="shut off on source"):
        await call(launch_of(FakeHosts()), silent)  # type: ignore[misc]
