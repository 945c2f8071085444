"""Migrations to a host with an address of its own for them."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.fakes import Stage
from tests.unit.fakes import connections as connections_of
from tests.unit.migration.stages import end_of, stage_of, summary, workload
from tui.app.wiring import call_of
from tui.core.connections import Connections
from tui.core.migration_address import is_migration_address
from tui.core.plan import Plan
from tui.migration.backend.owner import MigrationOwner
from tui.migration.backend.scripts import Scripts
from tui.runs.model.parse import parse_run

ADDRESS = "10.20.0.3"


def connections(stage: Stage, address: str = ADDRESS) -> Connections:
    known = connections_of(stage)
    hosts = dict(known.config.hosts.named)
    hosts[stage.target] = replace(hosts[stage.target], migration_address=address)
    known.config = replace(known.config, hosts=replace(known.config.hosts, named=hosts))
    return known


@pytest.mark.parametrize(
    ("address", "plan", "uri"),
    [
        (ADDRESS, Plan("guest1"), "tcp://10.20.0.3"),
        ("kvm3-migration", Plan("guest1"), "tcp://kvm3-migration"),
        ("fd00::3", Plan("guest1"), "tcp://[fd00::3]"),
        (ADDRESS, Plan("guest1", migrateuri="tcp://192.0.2.2:49200"), "tcp://192.0.2.2:49200"),
        (ADDRESS, Plan("guest1", tunnelled=True), ""),
        ("", Plan("guest1"), ""),
    ],
)
def test_the_address_of_the_target_is_the_migration_uri_unless_the_plan_has_one(
    address: str, plan: Plan, uri: str
) -> None:
    stage = stage_of()
    config = connections(stage, address).config
    assert config.addressed(plan, stage.origin).migrateuri == uri
    assert config.addressed(replace(plan, migrateuri=""), stage.target).migrateuri == ""  # the way back


async def test_a_migration_and_its_script_and_its_record_use_the_address(tmp_path: Path) -> None:
    stage = stage_of(waits_for_keys=False)
    known = connections(stage)
    owner = MigrationOwner(known, stage.open, tmp_path, 0.005, workload)
    owner.call_of = call_of
    migration = await end_of(await owner.start(Plan("guest1")))
    assert migration.timeline.options["migrateuri"] == "tcp://10.20.0.3"
    assert migration.timeline.options["call"]["parameters"]["migrate_uri"] == "tcp://10.20.0.3"
    run = parse_run(migration.folder, summary(migration.folder), in_use=False)
    assert run.options.further == []  # it is no setting of the run
    script = await Scripts(connections(stage_of()), call_of).of_plan(Plan("guest1"), stage.origin)
    assert "--migrateuri tcp://10.20.0.3" in script.virsh


@pytest.mark.parametrize(
    "text",
    ["", "a b", "10.20.0.3:49152", "127.0.0.1", "::1", "::", "10.20.0", "tcp://a", "localhost", "-a", "[fd00::2]"],
)
def test_what_is_no_address_of_another_host_is_refused(text: str) -> None:
    assert not is_migration_address(text)
