"""The owners of the migrations in the runner: one for each configuration."""

from pathlib import Path

import pytest

from tests.unit.app.configurations import MINIMAL
from tests.unit.migration.stages import app, stage_of
from tests.unit.study.fake_guest import FakeGuest
from tests.unit.until import until
from tui.app.runner import Owners
from tui.app.wiring import Owned
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.settings import Config
from tui.study.backend.service import Studies


@pytest.fixture
def owners(tmp_path: Path) -> Owners:
    def create(config: Config) -> Owned:
        owner = app(stage_of("post-copy-by-hand"), tmp_path / "runs")
        return Owned(owner, Studies(owner, FakeGuest().workloads, config, tmp_path / "studies"))

    return Owners(create)


def written(path: Path, text: str = MINIMAL) -> str:
    path.write_text(text)
    return str(path)


async def test_two_files_with_the_same_contents_share_an_owner(owners: Owners, tmp_path: Path) -> None:
    first = await owners.open(written(tmp_path / "a.toml"))
    assert await owners.open(written(tmp_path / "b.toml", f"# another comment\n{MINIMAL}")) is first
    assert await owners.open(written(tmp_path / "c.toml", MINIMAL.replace("root@b", "root@d"))) is not first


async def test_a_file_that_is_changed_while_a_migration_is_under_way_keeps_its_owner(
    owners: Owners, tmp_path: Path
) -> None:
    """A second owner would record the same migration once more."""
    first = await owners.open(written(tmp_path / "a.toml"))
    migration = await first.start(Plan("guest1", technique="post-copy-manual"))
    changed = written(tmp_path / "a.toml", f'{MINIMAL}[sampling]\ninterval = "5 s"\n')
    assert await owners.open(changed) is first
    await until(lambda: migration.timeline.iteration >= 2)
    migration.controls.switch_to_post_copy()
    await migration.ended()
    assert await owners.open(changed) is not first


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
