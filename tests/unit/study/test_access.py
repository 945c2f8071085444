"""The studies as the Study page reads them, through a runner and from disk."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.study.plans import changed
from tests.unit.study.study_world import CONFIG, Make, World
from tui.core.failure import Failure
from tui.core.settings import VmConfig
from tui.study import EXAMPLES
from tui.study.backend import find
from tui.study.backend.access import StudyAccess, list_studies
from tui.study.backend.plan_file import example
from tui.study.backend.plan_source import PlanSource, preview_of, sources, typed

IDLE = changed(workload={"idle": {}}, migration={"a": {"technique": "pre-copy"}}, repeats=1, seed=None)
VM = VmConfig("guest1")


class InProcess:
    """A client of the studies of a world, without a socket; `after` has what it asked for."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.after: list[int | None] = []

    async def status(self, study: str = "", after: int | None = None) -> Any:
        self.after.append(after)
        return await self._world.studies.status(study, CONFIG, after)

    async def check(self, plan: str) -> Any:
        return (await self._world.studies.check(plan))["memory_bytes"]

    async def start(self, plan: str, seed: int | None = None) -> Any:
        return await self._world.studies.start(plan, CONFIG, seed)

    async def resume(self, study: str = "") -> Any:
        return await self._world.studies.resume(study, CONFIG)

    async def stop(self) -> Any:
        return self._world.studies.stop()

    async def close(self) -> None:
        """Nothing is open."""


def access_of(world: World, client: InProcess) -> StudyAccess:
    return StudyAccess(client, world.folder / "studies", Path(CONFIG), VM, ())  # type: ignore[arg-type]


async def test_only_new_runs_are_requested_and_all_are_kept(make: Make) -> None:
    world = make()
    client = InProcess(world)
    access = access_of(world, client)
    assert await access.read("", None) is None
    await world.start(IDLE)
    await world.finished()
    first = await access.read("", None)
    assert first
    assert [each["number"] for each in first.runs] == [1, 2]
    again = await access.read("", first)
    assert again
    assert (again.runs, client.after) == (first.runs, [0, 0, 2])


class Earlier(InProcess):
    """A client of a runner of an earlier version: it sends no runs, and cannot check a plan."""

    async def status(self, study: str = "", after: int | None = None) -> Any:
        found = await super().status(study, after)
        del found["runs"]
        return found

    async def check(self, _plan: str) -> Any:
        return None


async def test_a_newer_runner_sends_the_runs_that_one_of_an_earlier_version_did_not(make: Make) -> None:
    world = make()
    await world.start(IDLE)
    await world.finished()
    before = await access_of(world, Earlier(world)).read("", None)
    assert before
    assert (before.status["done"], before.runs) == (2, ())
    found = await access_of(world, InProcess(world)).read("", before)
    assert found
    assert [each["number"] for each in found.runs] == [1, 2]


async def test_a_runner_that_cannot_check_a_plan_is_no_obstacle(make: Make) -> None:
    world = make()
    preview = await access_of(world, Earlier(world)).preview(PlanSource("lab"))
    assert (preview.obstacle, preview.is_checked) == (None, False)


async def test_another_study_than_before_is_read_from_its_beginning(make: Make) -> None:
    world = make()
    client = InProcess(world)
    access = access_of(world, client)
    await world.start(IDLE)
    before_id = (await world.finished())["id"]
    before = await access.read("", None)
    await world.start(IDLE | {"name": "second"})
    await world.finished()
    found = await access.read("", before)
    assert found
    assert (found.status["name"], len(found.runs), client.after) == ("second", 2, [0, 2, 0])
    earlier = await access.read(before_id, found)
    assert earlier
    assert (earlier.status["id"], len(earlier.runs)) == (before_id, 2)


async def test_a_plan_is_started_in_the_order_of_its_preview(make: Make) -> None:
    world = make()
    access = access_of(world, InProcess(world))
    plan = world.folder / "mine.toml"
    plan.write_text(example("lab").replace("warm_up = 1", "warm_up = 0"))
    preview = await access.preview(PlanSource("mine.toml", plan))
    await access.start(preview)
    await access.stop()
    status = await world.finished()
    head = (Path(status["folder"]) / "schedule.jsonl").read_text("utf-8").splitlines()[0]
    assert json.loads(head)["seed"] == preview.seed
    (found,) = await access.earlier()
    assert (found.id, found.state, found.done, found.total) == (status["id"], "stopped", 0, 24)
    await access.resume(found.id)
    await access.stop()
    await world.finished()


def test_the_list_has_studies_of_this_configuration_only_and_damaged_ones(tmp_path: Path) -> None:
    for name, config in (("20261129T040000Z-a-b", CONFIG), ("moved", CONFIG), ("20261128T040000Z-c", "/other")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "schedule.jsonl").write_text(json.dumps({"seed": 1, "config": config}) + "\n")
    found = list_studies(tmp_path, CONFIG)
    assert [(each.id, each.name, each.state, bool(each.began)) for each in found] == [
        ("moved", "", "damaged", False), ("20261129T040000Z-a-b", "a-b", "damaged", True),
    ]  # fmt: skip
    assert found[1].why == "The study 20261129T040000Z-a-b cannot be read: No such file or directory"


def test_a_preview_has_the_seed_of_its_plan_and_its_settings_apart() -> None:
    found = preview_of(f"seed = 5\n{example('lab')}", "a.toml", VM, {})
    assert (found.name, found.seed, len(found.settings)) == ("lab", 5, 2)
    assert not set(found.settings) & set(found.lines)
    assert found.lines[-1] == "The order of the runs comes from the seed 5 of the plan."


def test_a_typed_path_may_begin_with_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert typed(" ~/a.toml ").path == tmp_path / "a.toml"
    with pytest.raises(Failure, match="The path of the plan is missing"):
        typed("  ")


def test_files_that_are_no_plans_and_folders_that_do_not_exist_offer_nothing(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[migration]\n")
    (tmp_path / "broken.toml").write_text("[")
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "mine.toml").write_text('name = "x"\n[migration.a]\n')
    found = sources((tmp_path, tmp_path / "none", tmp_path), tmp_path / "studies", CONFIG)
    assert [each.path for each in found] == [tmp_path / "mine.toml", *([None] * len(EXAMPLES))]
    assert [each.label for each in found[1:]] == [f"example {name}" for name in EXAMPLES]
    assert all(each.text() for each in found)


async def test_a_study_is_found_by_its_name_as_its_plan_has_it(make: Make) -> None:
    world = make()
    await world.start(IDLE | {"name": "my study"})
    status = await world.finished()
    assert status["id"].endswith("-my_study")
    found = find.found(world.folder / "studies", "my study", CONFIG)
    assert (found.id, found.plan.name) == (status["id"], "my study")


def test_a_path_with_an_unknown_user_is_a_failure() -> None:
    with pytest.raises(Failure, match="unknown user"):
        typed("~nosuchuser/a.toml")
