"""The file that keeps the columns and the order of the Runs page."""

import asyncio
import itertools
import json
import os
import threading
from pathlib import Path

import pytest

from tui.core.failure import Failure
from tui.runs.backend.kept_view import KeptView
from tui.runs.model.view import View

CHOSEN = View(("vm", "total"), "total", reverse=False)


async def test_a_view_is_kept_for_the_next_start_in_a_folder_that_is_made(tmp_path: Path) -> None:
    path = tmp_path / "vmlm" / "runs-page.json"
    assert await KeptView(path).read() == View()
    await KeptView(path).keep(CHOSEN)
    assert await KeptView(path).read() == CHOSEN
    assert [each.name for each in path.parent.iterdir()] == [path.name]


async def test_without_a_file_nothing_is_kept() -> None:
    kept = KeptView()
    await kept.keep(CHOSEN)
    assert await kept.read() == View()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "Expecting value"),
        (b"\xff\xfe", "codec can't decode"),
        (b"[" * 60_000, "nested too deeply"),
        (b"[]", "it is not a JSON object"),
        (b" " * (1 << 16) + b"{}", "larger than 64 KiB"),
    ],
)
async def test_a_damaged_file_is_reported_and_the_next_choice_replaces_it(
    content: bytes, why: str, tmp_path: Path
) -> None:
    path = tmp_path / "runs-page.json"
    path.write_bytes(content)
    kept = KeptView(path)
    with pytest.raises(Failure, match=f"runs-page.json can't be read: .*{why}.*The usual ones are shown"):
        await kept.read()
    await kept.keep(CHOSEN)
    assert await kept.read() == CHOSEN


async def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "runs-page.json")
    with pytest.raises(Failure, match="Not a regular file"):
        await asyncio.wait_for(KeptView(tmp_path / "runs-page.json").read(), 60)


async def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "vmlm").write_text("a file")
    with pytest.raises(Failure, match=r"can't be kept in .*runs-page.json: .*They stay until the app ends\."):
        await KeptView(tmp_path / "vmlm" / "runs-page.json").keep(CHOSEN)


class FirstWaits(KeptView):
    """The thread of the first change does not write before all others have written."""

    def __init__(self, path: Path, others: int) -> None:
        super().__init__(path)
        self._calls = itertools.count()
        self._others = others
        self._written = threading.Semaphore(0)

    def _write(self) -> None:
        first = next(self._calls) == 0
        for _ in range(self._others if first else 0):
            self._written.acquire()
        super()._write()
        self._written.release()


async def test_of_several_changes_at_once_the_last_one_is_kept(tmp_path: Path) -> None:
    views = [View(sort=name) for name in ("vm", "total", "sent", "faults", "note")]
    kept = FirstWaits(tmp_path / "runs-page.json", len(views) - 1)
    await asyncio.gather(*map(kept.keep, views))
    assert json.loads((tmp_path / "runs-page.json").read_text())["sort"] == "note"
