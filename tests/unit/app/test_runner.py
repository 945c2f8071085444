"""The owners of the migrations in the runner: one for each configuration."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import tomli_w

from tests.unit.app.configurations import MINIMAL
from tests.unit.fakes import Stage
from tests.unit.migration.stages import runs_in, stage_of, workload
from tests.unit.study.fake_guest import FakeGuest, tools_of
from tests.unit.study.plans import changed
from tests.unit.until import until
from tui.app.runner import Owners
from tui.app.wiring import Owned
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.protocols import Shell
from tui.core.settings import Config
from tui.linux.sudo import Sudo
from tui.migration.backend.owner import MigrationOwner
from tui.migration.backend.recorded import Recorded
from tui.queue.backend.carrier import Tools as QueueTools
from tui.queue.backend.planner import Planner
from tui.queue.backend.service import Queues
from tui.queue.model.plan import MOVE, Entry, QueuePlan
from tui.study.backend.service import Studies
from tui.vm.backend.maintenance import Maintenance
from tui.vm.backend.vms import Vms


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = stage_of("post-copy-by-hand")
    yield made
    made.let_go()


@pytest.fixture
async def owners(tmp_path: Path, stage: Stage) -> AsyncIterator[Owners]:
    made: list[MigrationOwner] = []

    def create(config: Config, recorded: Recorded) -> Owned:
        def open_shell(_address: str) -> Shell:
            raise AssertionError("a migration needs no shell")

        known = Connections(config, stage.open, open_shell)
        runs = tmp_path / "runs"
        made.append(MigrationOwner(known, stage.open, runs, 0.005, workload, recorded=recorded))
        studies = Studies(tools_of(made[-1], known, FakeGuest(), runs), config, tmp_path / "studies")
        marks, folder = Maintenance(config, tmp_path / "marks.json"), tmp_path / "queues"
        planner = Planner(known, Vms(known, Sudo(known.shell)), marks, folder)
        tools = QueueTools(known, made[-1], marks, runs)
        return Owned(made[-1], studies, Queues(tools, planner, folder))

    yield Owners(create)
    for each in made:
        await each.close()


def with_uris(source: str = "test:///source", destination: str = "test:///destination") -> str:
    """A configuration whose daemons are those of the stage."""
    text = MINIMAL.replace('"root@a"', f'"root@a"\nlibvirt = "{source}"')
    return text.replace('"root@b"', f'"root@b"\nlibvirt = "{destination}"')


def written(path: Path, text: str = MINIMAL) -> str:
    path.write_text(text)
    return str(path)


async def test_two_files_with_the_same_contents_share_an_owner(owners: Owners, tmp_path: Path) -> None:
    first = await owners.open(written(tmp_path / "a.toml"))
    assert await owners.open(written(tmp_path / "b.toml", f"# another comment\n{MINIMAL}")) is first
    assert await owners.open(written(tmp_path / "c.toml", MINIMAL.replace("root@b", "root@d"))) is not first


OTHER_INTERVAL = '[sampling]\ninterval = "5 s"\n'


async def test_a_migration_is_recorded_once_whatever_the_configuration(owners: Owners, tmp_path: Path) -> None:
    first = await owners.open(written(tmp_path / "a.toml", with_uris()))
    second = await owners.open(written(tmp_path / "b.toml", with_uris() + OTHER_INTERVAL))
    assert first is not second
    migration = await first.start(Plan("guest1", technique="post-copy-manual"))
    await until(lambda: migration.timeline.iteration >= 2)
    announced: list[object] = []
    second.listen(announced.append)
    await second.look()
    assert announced == [migration]
    assert await second.attach() is migration
    with pytest.raises(Failure, match="guest1 is being migrated"):
        await second.start(Plan("guest1"))
    assert len(runs_in(tmp_path / "runs")) == 1
    migration.controls.switch_to_post_copy()
    await migration.ended()
    assert not second.busy


async def test_a_migration_of_another_program_is_recorded_once_if_two_configurations_find_it(
    owners: Owners, stage: Stage, tmp_path: Path
) -> None:
    first = await owners.open(written(tmp_path / "a.toml", with_uris()))
    second = await owners.open(written(tmp_path / "b.toml", with_uris() + OTHER_INTERVAL))
    stage.begin()
    await asyncio.gather(first.attach(), second.attach())
    await asyncio.gather(first.look(), second.look())
    assert first.current is second.current is not None
    assert len(runs_in(tmp_path / "runs")) == 1


async def test_a_migration_is_not_shown_under_names_that_belong_to_other_hosts(
    owners: Owners, stage: Stage, tmp_path: Path
) -> None:
    """What is `destination` in the record is another host in the other configuration."""
    first = await owners.open(written(tmp_path / "a.toml", with_uris()))
    swapped = with_uris("test:///destination", "test:///source")
    second = await owners.open(written(tmp_path / "b.toml", swapped))
    stage.begin()
    assert await first.attach() is not None
    assert await second.attach() is None
    assert len(runs_in(tmp_path / "runs")) == 1
    with pytest.raises(Failure, match="guest1 is being migrated already"):
        await second.start(Plan("guest1"))


async def test_a_changed_file_applies_at_once_and_its_owner_follows_what_is_under_way(
    owners: Owners, tmp_path: Path
) -> None:
    first = await owners.open(written(tmp_path / "a.toml", with_uris()))
    migration = await first.start(Plan("guest1", technique="post-copy-manual"))
    await until(lambda: migration.timeline.iteration >= 2)
    changed = await owners.open(written(tmp_path / "a.toml", with_uris() + OTHER_INTERVAL))
    assert changed is not first
    assert await changed.attach() is migration


@pytest.mark.parametrize("text", [None, "", "x", 'vm = 1\n[vm]\nname = "a"'])
async def test_a_file_that_cannot_be_read_is_a_failure(owners: Owners, tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "a.toml" if text is None else Path(written(tmp_path / "a.toml", text))
    with pytest.raises(Failure) as raised:
        await owners.open(str(path))
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("path", ["", "/", "\0", "x" * 5000])
async def test_a_path_that_is_none_is_a_failure(owners: Owners, path: str) -> None:
    with pytest.raises(Failure):
        await owners.open(path)


async def test_no_vm_is_in_a_study_and_a_queue_at_once_whatever_the_configuration(
    owners: Owners, tmp_path: Path, stage: Stage
) -> None:
    first = owners.owned_of(await owners.open(written(tmp_path / "a.toml", with_uris())))
    second = owners.owned_of(await owners.open(written(tmp_path / "b.toml", with_uris() + OTHER_INTERVAL)))
    assert first.queues
    assert second.queues
    queue = QueuePlan(MOVE, "", (Entry(1, "guest1", stage.vm.uuid, stage.origin, stage.target, (stage.target,)),))
    study = tomli_w.dumps(changed(workload={"idle": {}}, migration={"a": {"technique": "pre-copy"}}, settle="1 h"))
    await first.studies.start(study, "/a.toml")
    with pytest.raises(Failure, match=r"guest1 is in the study small of /a\.toml, which is under way"):
        await second.queues.start(queue, "/b.toml")
    first.studies.stop()
    await until(lambda: not first.studies.busy)
    status = await second.queues.start(queue, "/b.toml")
    with pytest.raises(Failure, match=f"guest1 is in the queue {status['id']}, which is under way"):
        await first.studies.start(study, "/a.toml")
    await owners.close()


async def test_two_configurations_never_run_studies_on_one_vm_at_once(owners: Owners, tmp_path: Path) -> None:
    first = owners.owned_of(await owners.open(written(tmp_path / "a.toml", with_uris()))).studies
    second = owners.owned_of(await owners.open(written(tmp_path / "b.toml", with_uris() + OTHER_INTERVAL))).studies
    assert first is not second
    plan = tomli_w.dumps(changed(workload={"idle": {}}, migration={"a": {"technique": "pre-copy"}}, settle="1 h"))
    await first.start(plan, "/a.toml")
    with pytest.raises(Failure, match=r"guest1 is in the study small of /a\.toml, which is under way"):
        await second.start(plan, "/b.toml")
    first.stop()
    await until(lambda: not first.busy)
