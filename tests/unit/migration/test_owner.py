"""The migrations between two hosts: what stands in the way, starting one, finding one that runs or has ended."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.fakes import PATIENCE_S, connections
from tests.unit.migration.stages import app, end_of, stage_of, summary, workload
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.vm import Vm
from tui.guest.backend.guest import Guest
from tui.guest.backend.heartbeats import Heartbeats
from tui.migration.backend.guest.monitor import GuestAccess
from tui.migration.backend.owner import MigrationOwner
from tui.migration.backend.recording.recorder import RAW
from tui.migration.backend.recording.run_files import read_records
from tui.migration.model import record
from tui.migration.model.record import Event
from tui.vm.model.location import Inventory, VmOnHost


@pytest.mark.parametrize("outcome", ["completed", "cancelled"])
async def test_without_access_to_the_guest_only_its_figures_are_missing(tmp_path: Path, outcome: str) -> None:
    def nobody(_name: str, _place: str) -> Guest:
        raise Failure("The address of guest1 is not known", "", "The Launch page sets it.")

    stage = stage_of("pre-copy-idle" if outcome == "completed" else "cancelled", waits_for_keys=False)
    guest_access = GuestAccess(nobody, Heartbeats(nobody, 4711))
    migrations = MigrationOwner(connections(stage), stage.open, tmp_path, 0.005, workload, guest_access)
    migration = await end_of(await migrations.start(Plan(stage.vm.name)))
    assert migration.timeline.phase == outcome
    why = "The address of guest1 is not known"
    assert summary(migration.folder)["felt"] == {"network_why": why, "guest_why": why}
    kinds = [each.kind for each in read_records(migration.folder / RAW) if isinstance(each, Event)]
    assert kinds.count(record.GUEST) == 1
    assert kinds[-3:] == [record.OBSERVED, record.VERIFIED, record.END]


async def test_the_vms_of_both_hosts_are_listed_with_their_host(tmp_path: Path) -> None:
    stage = stage_of()
    other = Vm("other", "uuid-of-other", "shut off")
    stage.vms["destination"]["other"] = other
    migrations = app(stage, tmp_path)
    assert await migrations.vms() == Inventory((VmOnHost(stage.vm, "source"), VmOnHost(other, "destination")))


async def test_an_unreachable_host_hides_no_vm_of_the_other(tmp_path: Path) -> None:
    stage = stage_of()
    stage.down.add("destination")
    migrations = app(stage, tmp_path)
    before = await migrations.vms()
    assert (before.found, list(before.failures)) == ((VmOnHost(stage.vm, "source"),), ["destination"])
    stage.down.clear()
    assert (await migrations.vms()).failures == {}
    assert list(before.failures) == ["destination"]  # what was found then stays what it was


@pytest.mark.parametrize("away", [True, False])
def test_a_vm_counts_as_stopped_only_if_every_host_has_replied(away: bool) -> None:
    failures = {"destination": Failure("libvirt cannot be reached")} if away else {}
    inventory = Inventory(
        (VmOnHost(Vm("x", "uuid", "shut off"), "source"), VmOnHost(Vm("y", "u2", "paused"), "source")), failures
    )
    stopped = [inventory.stopped(name) for name in ("x", "y", "z")]
    assert [sentence.partition(";")[0] for sentence in stopped] == (
        ["", "", ""] if away else ["x is shut off on source", "", "Neither host has a VM named z"]
    )


@pytest.mark.parametrize(
    ("found", "origin"),
    [
        ([], None),
        ([("source", "shut off")], "source"),
        ([("destination", "shut off")], "destination"),
        ([("source", "shut off"), ("destination", "running")], "destination"),
        ([("source", "running"), ("destination", "paused")], "source"),
        ([("source", "shut off"), ("destination", "shut off")], "source"),
    ],
)
def test_a_vm_starts_from_where_it_runs(found: list[tuple[str, str]], origin: str | None) -> None:
    vms = tuple(VmOnHost(Vm("x", "uuid", state), host) for host, state in found)
    found_there = Inventory((*vms, VmOnHost(Vm("y", "uuid-y", "running"), "destination"))).origin("x")
    assert (found_there.host if found_there else None) == origin


async def test_a_look_for_other_migrations_is_not_made_twice_at_once(tmp_path: Path) -> None:
    """Each client looks again and again, and a daemon that hangs must not get a call of each."""
    stage = stage_of()
    migrations = app(stage, tmp_path)
    await migrations.vms()  # opens the connections
    stage.silent.clear()
    first = asyncio.ensure_future(migrations.look())
    await asyncio.sleep(0)
    await asyncio.wait_for(migrations.look(), PATIENCE_S)
    assert not first.done()
    stage.calls.clear()
    stage.silent.set()
    await first
    assert stage.calls.count("vms") == 2


async def test_a_migration_that_cannot_be_followed_does_not_hide_another(tmp_path: Path) -> None:
    stage = stage_of("post-copy-by-hand")
    migrations = app(stage, tmp_path)
    stage.begin()
    stage.vms[stage.origin]["two"] = replace(stage.vm, name="two", uuid="uuid-of-two")
    stage.refusals["daemon"].append(Failure("The first one cannot be followed"))
    with pytest.raises(Failure, match="The first one cannot be followed"):
        await migrations.look()
    assert [each.vm.name for each in migrations.all] == ["two"]
    await migrations.look()
    assert {each.vm.name for each in migrations.all} == {"guest1", "two"}
    await migrations.close()
    stage.let_go()
