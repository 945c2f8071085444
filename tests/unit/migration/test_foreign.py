"""Migrations that another program started, to a configured host or to one that is not."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.fakes import PATIENCE_S, Stage
from tests.unit.migration.runners import Make, passes
from tests.unit.migration.stages import app, end_of, stage_of, summary
from tests.unit.until import until
from tui.core.actions import START
from tui.core.failure import Failure
from tui.migration.backend.recording.recorder import RAW, SUMMARY
from tui.migration.backend.recording.run_files import read_records
from tui.migration.backend.running.actor import MigrationActor
from tui.migration.backend.unfinished import unfinished_runs
from tui.migration.model import record
from tui.migration.model.ending.outcome import facts
from tui.migration.model.keys import PAUSE, why_not
from tui.migration.model.record import Event
from tui.migration.model.verdict import sentence
from tui.migration.widgets.tiles import tiles

AWAY = (
    "guest1 is no longer on destination; its destination is not one of the configured hosts, so it was not looked up "
    "there."
)


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """A migration from the host `destination` that another program has begun; it waits for the key in pass 6."""
    monkeypatch.setattr("tui.migration.backend.running.actor.ASK_AGAIN_S", 0.05)
    monkeypatch.setattr("tui.migration.backend.running.actor.TICK_S", 0.05)
    begun = stage_of("post-copy-by-hand")
    begun.begin()
    yield begun
    begun.let_go()


async def followed(stage: Stage, runs: Path) -> MigrationActor:
    migration = await app(stage, runs).attach()
    assert migration is not None
    # A thread of its own writes run.toml.
    await until(lambda: migration.timeline.iteration >= 2 and (migration.folder / SUMMARY).exists())
    return migration


def events(migration: MigrationActor, kind: str) -> list[Event]:
    found = read_records(migration.folder / RAW)
    return [each for each in found if isinstance(each, Event) and each.kind == kind]


def receive(stage: Stage) -> None:
    """The other configured host has the VM, as libvirt shows it while it comes."""
    stage.vms[stage.target] = {stage.vm.name: replace(stage.vm, state="paused", reason="migrating")}


async def test_a_migration_to_a_third_host_is_not_recorded_as_one_to_the_configured_host(
    stage: Stage, tmp_path: Path
) -> None:
    stage.elsewhere = True
    migration = await followed(stage, tmp_path)
    assert (migration.origin, migration.target, migration.timeline.target) == (stage.origin, "", "")
    migration.controls.switch_to_post_copy()
    timeline = (await end_of(migration)).timeline
    assert (timeline.phase, timeline.verified) == ("completed", (False, AWAY))
    (after,) = [each.text for each in facts(timeline, migration.folder, stage.origin) if each.label == "next"]
    assert START not in after  # no configured host has it, so it cannot be migrated back
    kept = summary(migration.folder)
    assert set(kept["hosts"]) == {"origin", stage.origin}
    assert "destination_uri" not in kept
    assert events(migration, record.TARGET) == []


async def test_options_that_are_unknown_are_not_recorded(stage: Stage, tmp_path: Path) -> None:
    migration = await followed(stage, tmp_path)
    await until(lambda: events(migration, record.ATTACHED))
    (attached,) = events(migration, record.ATTACHED)
    assert not {"timeout_s", "auto_converge", "parallel", "bandwidth_mib_s"} & set(attached.data)
    assert summary(migration.folder)["options"] == {"technique": "unknown"}
    migration.leave()


async def test_the_maximum_downtime_is_the_one_that_libvirt_reports(stage: Stage, tmp_path: Path) -> None:
    migration = await followed(stage, tmp_path)
    assert migration.timeline.max_downtime_ms == 120
    migration.leave()


async def test_an_unknown_maximum_downtime_makes_no_forecast(stage: Stage, tmp_path: Path) -> None:
    stage.refusals["max_downtime"].append(Failure("The maximum downtime could not be read", "QEMU is busy"))
    migration = await followed(stage, tmp_path)
    assert (migration.timeline.max_downtime_ms, migration.timeline.threshold) == (0, None)
    shown = " ".join(str(each) for each in tiles(migration.timeline, 5.0, 200))
    assert "limit unknown" in shown
    assert "must be below" not in sentence(migration.timeline, 5.0).text
    migration.leave()


async def test_the_configured_host_is_the_target_if_it_receives_the_vm(stage: Stage, tmp_path: Path) -> None:
    receive(stage)
    migration = await followed(stage, tmp_path)
    assert migration.target == migration.timeline.target == stage.target
    assert summary(migration.folder)["hosts"]["target"] == stage.target
    migration.leave()


async def test_another_vm_that_comes_to_the_configured_host_does_not_make_it_the_target(
    stage: Stage, tmp_path: Path
) -> None:
    receive(stage)
    stage.vms[stage.target] = {"guest1": replace(stage.vms[stage.target]["guest1"], uuid="another")}
    migration = await followed(stage, tmp_path)
    assert migration.target == ""
    migration.leave()


async def test_a_target_that_appears_later_is_learned(stage: Stage, tmp_path: Path) -> None:
    migration = await followed(stage, tmp_path)
    assert migration.target == ""
    receive(stage)
    await until(lambda: migration.timeline.target)
    assert migration.target == stage.target
    await until(lambda: events(migration, record.TARGET))  # the log is written on another thread
    assert [each.data["target"] for each in events(migration, record.TARGET)] == [stage.target]
    migration.controls.switch_to_post_copy()
    await end_of(migration)
    assert migration.timeline.verified == (True, f"guest1 runs on {stage.target} and is gone from {stage.origin}.")
    assert summary(migration.folder)["hosts"]["target"] == stage.target


async def test_a_target_that_is_seen_only_at_the_end_is_learned(
    no_figures: None, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.migration.backend.running.actor.ASK_AGAIN_S", 3600.0)
    migration = await followed(stage, tmp_path)
    stage.finish("completed")
    await end_of(migration)
    assert migration.timeline.phase == "completed"
    assert migration.timeline.target == stage.target
    assert migration.timeline.verified == (True, f"guest1 runs on {stage.target} and is gone from {stage.origin}.")


async def test_an_unreachable_host_is_not_taken_for_the_target(stage: Stage, tmp_path: Path) -> None:
    stage.down.add(stage.target)
    stage.elsewhere = True
    migration = await followed(stage, tmp_path)
    assert migration.target == ""
    migration.controls.switch_to_post_copy()
    await end_of(migration)
    assert migration.timeline.verified is not None
    assert "and may be its destination" in migration.timeline.verified[1]


async def test_the_next_runner_knows_what_the_record_knows_of_the_target(stage: Stage, tmp_path: Path) -> None:
    migrations = app(stage, tmp_path)
    assert await migrations.attach()
    await migrations.close()
    assert [each.target for each in unfinished_runs(tmp_path)] == [""]
    again = app(stage, tmp_path)
    migration = await again.attach()
    assert migration is not None
    assert migration.target == ""
    receive(stage)
    await until(lambda: migration.timeline.target)
    await again.close()
    assert [each.target for each in unfinished_runs(tmp_path)] == [stage.target]


async def test_a_refusal_of_post_copy_is_a_sentence(stage: Stage, tmp_path: Path) -> None:
    """Whether post-copy was allowed at the start is known to the other program and to libvirt."""
    migration = await followed(stage, tmp_path)
    assert why_not("post-copy", migration.timeline) == ""
    stage.refusals["start_post_copy"].append(Failure("guest1 was not switched to post-copy", "it was not allowed"))
    migration.controls.switch_to_post_copy()
    await until(lambda: migration.timeline.error)
    assert migration.timeline.error["what"] == "guest1 was not switched to post-copy"
    assert not migration.timeline.over
    migration.leave()


async def test_a_post_copy_that_nothing_could_resume_is_not_paused(stage: Stage, tmp_path: Path) -> None:
    stage.elsewhere = stage.standing = True
    migration = await app(stage, tmp_path).attach()
    assert migration is not None
    stage.play(lambda each: getattr(each, "state", "") == "paused (post-copy)")
    await until(lambda: migration.timeline.phase == "post-copy")
    assert why_not(PAUSE, migration.timeline) == (
        "Its destination is not a host of the configuration: nothing could resume it."
    )
    migration.controls.pause_post_copy()
    await until(lambda: migration.timeline.error)
    assert "its destination is not a host of the configuration" in migration.timeline.error["why"]
    assert "pause_post_copy" not in stage.calls
    migration.leave()


async def test_a_client_names_an_unknown_target_another_host_until_it_is_known(make: Make, stage: Stage) -> None:
    runner = make(stage)
    await runner.start()
    migration = await runner.client().attach()
    assert migration is not None
    await asyncio.wait_for(passes(migration), PATIENCE_S)
    assert (migration.origin, migration.target) == (stage.origin, "another host")
    receive(stage)
    await until(lambda: migration.target == stage.target)
