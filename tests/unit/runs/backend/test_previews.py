"""The logs that are kept for the preview of the Runs page."""

import asyncio
import shutil
from pathlib import Path

import pytest

from tui.core.failure import Failure
from tui.runs.backend import previews as module
from tui.runs.backend.previews import Previews
from tui.runs.model.run import Run

LOG = Path(__file__).parents[3] / "recordings" / "pre-copy-idle.jsonl"


def recorded(folder: Path, name: str = "a") -> Run:
    (folder / name).mkdir()
    shutil.copy(LOG, folder / name / "raw.jsonl")
    return Run(folder / name)


async def test_a_log_is_read_again_only_if_it_has_changed(tmp_path: Path) -> None:
    previews, run = Previews(), recorded(tmp_path)
    first = await previews.of(run)
    assert await previews.of(run) is first
    with (run.folder / "raw.jsonl").open("a") as log:
        log.write("no record\n")
    again = await previews.of(run)
    assert (first.problem, again.problem) == ("", "1 line of the log could not be read.")


async def test_a_run_whose_summary_has_changed_keeps_its_log(tmp_path: Path) -> None:
    previews, run = Previews(), recorded(tmp_path)
    first = await previews.of(run)
    renamed = await previews.of(Run(run.folder, vm="web"))
    assert (renamed.run.vm, renamed.timeline is first.timeline) == ("web", True)


async def test_a_huge_log_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    with pytest.raises(Failure, match="too large for a preview"):
        await Previews().of(recorded(tmp_path))


async def test_a_missing_log_is_a_failure_and_the_next_run_is_read(tmp_path: Path) -> None:
    previews = Previews()
    with pytest.raises(Failure, match="can't be read"):
        await previews.of(Run(tmp_path / "none"))
    assert (await previews.of(recorded(tmp_path))).records > 5


async def test_a_cancelled_reading_ends_before_the_next_begins_and_is_kept(tmp_path: Path) -> None:
    previews, first, second = Previews(), recorded(tmp_path), recorded(tmp_path, "b")
    task = asyncio.ensure_future(previews.of(first))
    await asyncio.sleep(0)
    task.cancel()
    assert (await previews.of(second)).run == second
    assert list(previews._known) == [first.folder, second.folder]


async def test_only_the_newest_logs_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_BYTES", 2 * LOG.stat().st_size)
    previews = Previews()
    for name in "abc":
        await previews.of(recorded(tmp_path, name))
    await previews.of(Run(tmp_path / "b"))
    assert [folder.name for folder in previews._known] == ["c", "b"]
