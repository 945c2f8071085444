"""What is checked before a migration starts."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.migration.stages import app, in_the_way, stage_of
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.vm import Vm


def sentences(failures: list[Failure]) -> list[str]:
    return [str(each) for each in failures]


async def test_a_running_vm_can_be_migrated(tmp_path: Path) -> None:
    assert await in_the_way(app(stage_of(), tmp_path), Plan("guest1")) == []


async def test_a_vm_on_neither_host_is_not_found(tmp_path: Path) -> None:
    failures = await in_the_way(app(stage_of(), tmp_path), Plan("no such [vm]"))
    assert sentences(failures) == [
        "There is no VM 'no such [vm]': neither host has it. Choose one that the Launch page lists."
    ]


async def test_with_an_unreachable_host_a_vm_is_not_reported_as_missing(tmp_path: Path) -> None:
    stage = stage_of()
    stage.down.add("source")
    failures = await in_the_way(app(stage, tmp_path), Plan("guest1"))
    assert sentences(failures) == [
        "guest1 was not found, and source could not be reached: the network does not reach it. Check the cable."
    ]


async def test_a_vm_that_does_not_run_cannot_be_migrated(tmp_path: Path) -> None:
    stage = stage_of()
    stage.vms["source"]["guest1"] = replace(stage.vm, state="shut off")
    failures = await in_the_way(app(stage, tmp_path), Plan("guest1"))
    assert sentences(failures) == [
        "guest1 cannot be migrated live: it is shut off on source. Start it on the Launch page."
    ]


async def test_a_vm_that_another_program_migrates_is_refused(tmp_path: Path) -> None:
    stage = stage_of()
    stage.begin()
    failures = await in_the_way(app(stage, tmp_path), Plan("guest1"))
    assert sentences(failures) == [
        "guest1 is being migrated already: another program started it. vmlm-tui follows it in a few seconds, "
        "unless it does so under a configuration with other hosts."
    ]


async def test_another_job_of_the_vm_is_not_a_migration(tmp_path: Path) -> None:
    stage = stage_of()
    stage.begin()
    stage.standing = True
    stage.job = replace(stage.job, stats={"type": 2, "operation": 9})
    assert await in_the_way(app(stage, tmp_path), Plan("guest1")) == []


async def test_an_unreachable_target_is_reported_with_its_reason(tmp_path: Path) -> None:
    stage = stage_of()
    stage.down.add("destination")
    failures = await in_the_way(app(stage, tmp_path), Plan("guest1"))
    assert sentences(failures) == ["destination cannot be reached: the network does not reach it. Check the cable."]


async def test_two_addresses_of_one_host_are_refused(tmp_path: Path) -> None:
    stage = stage_of()
    stage.uuids = dict.fromkeys(stage.uuids, "4d0c")
    failures = await in_the_way(app(stage, tmp_path), Plan("guest1"))
    assert sentences(failures) == [
        "Source and destination are the same host: both have the host UUID 4d0c. Check the addresses in the "
        "configuration; two cloned hosts each need their own host_uuid in libvirtd.conf."
    ]


async def test_hosts_without_a_uuid_are_not_taken_for_one(tmp_path: Path) -> None:
    stage = stage_of()
    stage.uuids = dict.fromkeys(stage.uuids, "")
    assert await in_the_way(app(stage, tmp_path), Plan("guest1")) == []


@pytest.mark.parametrize(
    ("uuid", "state", "expected"),
    [
        ("another", "shut off", "The name guest1 is taken on destination: a VM of that name is shut off there."),
        ("another", "running", "The name guest1 is taken on destination: a VM of that name is running there."),
        ("same", "paused", "The name guest1 is taken on destination: a VM of that name is paused there."),
        ("same", "shut off", ""),  # its own definition, left there by an earlier migration
    ],
)
async def test_a_name_in_use_at_the_target_is_reported(tmp_path: Path, uuid: str, state: str, expected: str) -> None:
    stage = stage_of()
    uuid = stage.vm.uuid if uuid == "same" else uuid
    stage.vms["destination"]["guest1"] = Vm("guest1", uuid, state)
    migrations = app(stage, tmp_path)
    if state == "running":
        stage.vms["source"]["guest1"] = stage.vm
    failures = await in_the_way(migrations, Plan("guest1"))
    assert sentences(failures) == ([f"{expected} Rename or undefine it there."] if expected else [])


async def test_a_combination_that_qemu_refuses_is_refused_before_the_call(tmp_path: Path) -> None:
    failures = await in_the_way(app(stage_of(), tmp_path), Plan("guest1", technique="post-copy-manual", parallel=2))
    assert [each.what for each in failures] == ["Post-copy over parallel connections cannot start"]


async def test_all_failed_checks_are_reported_at_once(tmp_path: Path) -> None:
    stage = stage_of()
    stage.vms["source"]["guest1"] = replace(stage.vm, state="paused")
    stage.uuids = dict.fromkeys(stage.uuids, "4d0c")
    stage.vms["destination"]["guest1"] = Vm("guest1", "another", "shut off")
    failures = await in_the_way(app(stage, tmp_path), Plan("guest1", downtime_ms=0))
    assert [each.what for each in failures] == [
        "The maximum downtime must be at least 1 ms",
        "guest1 cannot be migrated live",
        "Source and destination are the same host",
        "The name guest1 is taken on destination",
    ]


@pytest.mark.parametrize("call", ["daemon", "job"])
async def test_a_host_that_fails_during_the_checks_is_reported(tmp_path: Path, call: str) -> None:
    stage = stage_of()
    stage.refusals[call] += [Failure("libvirt did not answer")] * 2
    failures = await in_the_way(app(stage, tmp_path), Plan("guest1"))
    assert sentences(failures) == ["libvirt did not answer."]


async def test_one_migration_at_a_time(tmp_path: Path) -> None:
    stage = stage_of("post-copy-by-hand")
    migrations = app(stage, tmp_path)
    await migrations.start(Plan("guest1", technique="post-copy-manual"))
    assert sentences(await in_the_way(migrations, Plan("guest1"))) == [
        "guest1 is being migrated. Wait until it ends, or cancel it."
    ]
    await migrations.close()


async def test_an_option_that_these_hosts_refuse_keeps_it_from_starting(tmp_path: Path) -> None:
    failures = await in_the_way(app(stage_of(), tmp_path), Plan("guest1", zerocopy=True, tls_destination="b"))
    assert sentences(failures) == [
        "--zerocopy is refused: it needs parallel connections. Set --parallel.",
        "--tls-destination is refused: TLS is off. Set --tls.",
    ]


async def test_the_name_on_the_destination_must_be_free(tmp_path: Path) -> None:
    stage = stage_of()
    stage.vms["destination"]["guest2"] = Vm("guest2", "other", "shut off")
    failures = await in_the_way(app(stage, tmp_path), Plan("guest1", dname="guest2"))
    assert sentences(failures) == [
        "The name guest2 is taken on destination: a VM of that name is shut off there. Rename or undefine it there."
    ]
    assert await in_the_way(app(stage, tmp_path), Plan("guest1", dname="guest3")) == []


@pytest.mark.parametrize(("memtune", "reasons"), [("", 1), ("<memtune><hard_limit>9</hard_limit></memtune>", 0)])
async def test_rdma_needs_a_limit_of_the_memory(tmp_path: Path, memtune: str, reasons: int) -> None:
    stage = stage_of()
    stage.memtune = memtune
    failures = await in_the_way(app(stage, tmp_path), Plan("guest1", migrateuri="rdma://10.0.0.2"))
    assert len(failures) == reasons
