"""The call that a start records, and the script that is made of it."""

from pathlib import Path

from tests.unit.app.configurations import MINIMAL
from tests.unit.fakes import connections
from tests.unit.migration.stages import app, end_of, stage_of
from tui.app.config import load
from tui.app.wiring import call_of, owned_by_runner
from tui.core.plan import PRE_COPY, Plan
from tui.migration.backend.recorded import Recorded
from tui.migration.backend.recording.recorder import RAW
from tui.migration.backend.recording.run_files import read_records
from tui.migration.backend.scripts import Scripts
from tui.migration.model.call.migrate_call import Call
from tui.migration.model.timeline import Timeline

PLAN = Plan("guest1", PRE_COPY, bandwidth_mib_s=100)


async def test_a_start_is_recorded_with_its_flags_parameters_and_uris(tmp_path: Path) -> None:
    owner = app(stage_of(waits_for_keys=False), tmp_path)
    owner.call_of = call_of
    migration = await end_of(await owner.start(PLAN))
    recorded = Timeline(read_records(migration.folder / RAW))
    peer = "qemu+ssh://root@destination/system?no_tty=1"
    assert recorded.options["call"] == {
        "flags": call_of(PLAN).flags,
        "parameters": {"bandwidth": 100},
        "origin_uri": "test:///source",
        "destination_uri": peer,
    }
    lines = Scripts(connections(stage_of()), lambda _plan: Call(0, {})).of_timeline(recorded, "source").virsh
    start = f"virsh -c test:///source migrate guest1 '{peer}' --live --p2p --persistent --undefinesource"
    assert lines.splitlines() == [
        "virsh -c test:///source migrate-setmaxdowntime guest1 300",
        f"{start} --bandwidth 100",
    ]


async def test_the_script_of_a_plan_is_that_of_its_record(tmp_path: Path) -> None:
    owner = app(stage_of(waits_for_keys=False), tmp_path)
    owner.call_of = call_of
    migration = await end_of(await owner.start(PLAN))
    scripts = Scripts(connections(stage_of()), call_of)
    assert await scripts.of_plan(PLAN, "source") == scripts.of_timeline(migration.timeline, "source")


def test_the_runner_records_what_it_calls(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(MINIMAL)
    assert owned_by_runner(load(path), Recorded()).migrations.call_of is call_of
