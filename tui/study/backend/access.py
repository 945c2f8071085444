"""The studies as the Study page sees them: through the runner; earlier ones and plans from disk, on threads."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tui.core.failure import Failure
from tui.core.settings import VmConfig
from tui.core.threads import on_thread
from tui.migration.backend.recording.progress_log import STAMP
from tui.study.backend import find, store
from tui.study.backend.client import Status, StudiesClient
from tui.study.backend.plan_source import PlanSource, Preview, preview_of, sources
from tui.study.backend.state import state_of
from tui.study.model.earlier import Earlier
from tui.study.model.overview import Recorded, recorded
from tui.study.model.status import DAMAGED


@dataclass(frozen=True)
class Shown:
    """A study at one moment: its status, and all runs that have ended, the oldest first."""

    status: Status
    runs: tuple[dict[str, Any], ...]


class StudyAccess:
    """The studies of one configuration; `folder` has those of all, `places` are where plan files are looked for."""

    def __init__(self, client: StudiesClient, folder: Path, config: Path, vm: VmConfig, places: Sequence[Path]) -> None:
        self._client = client
        self._folder = folder
        self._config = str(config.absolute())
        self._vm = vm
        self._places = places

    async def read(self, study: str, before: Shown | None) -> Shown | None:
        """A study now, by default the one under way, else the newest; None if there is none.

        `before` is what was read last: only newer runs are sent. Raises Failure.
        """
        after = len(before.runs) if before is not None else 0  # a runner of an earlier version sends none
        status = await self._client.status(study, after)
        if status is None:
            return None
        runs = tuple(status.get("runs", ()))
        if before is None:
            return Shown(status, runs)
        if status["id"] != before.status["id"] or status["done"] < after:
            return await self.read(status["id"], None)
        return Shown(status, (*before.runs, *runs))

    async def start(self, preview: Preview) -> None:
        """Start a study in the order that its preview names; raises Failure."""
        await self._client.start(preview.text, preview.seed)

    async def stop(self) -> None:
        """Stop the study under way; raises Failure."""
        await self._client.stop()

    async def resume(self, study: str) -> None:
        """Continue a study; raises Failure."""
        await self._client.resume(study)

    async def sources(self) -> tuple[PlanSource, ...]:
        """The plans to choose from."""
        return await on_thread(sources, self._places, self._folder, self._config)

    async def preview(self, source: PlanSource) -> Preview:
        """What a plan will do, and whether it could start now; raises Failure with its mistakes."""
        text = await on_thread(source.text)
        found = preview_of(text, source.name, self._vm, {})
        try:
            memory_bytes = await self._client.check(text)
        except Failure as failure:
            return replace(found, obstacle=failure)
        if memory_bytes is None:
            return replace(found, is_checked=False)
        return preview_of(text, source.name, self._vm, memory_bytes, found.seed)

    async def earlier(self) -> tuple[Earlier, ...]:
        """The studies of this configuration, the newest first."""
        return await on_thread(list_studies, self._folder, self._config)

    async def recorded(self, study: str) -> Recorded:
        """The plan and the results of a study, from its folder; raises Failure."""
        return await on_thread(_recorded, self._folder / study)

    async def close(self) -> None:
        """Close the connection; a study continues."""
        await self._client.close()


def list_studies(folder: Path, config: str) -> tuple[Earlier, ...]:
    """The studies of a configuration, the newest first. Blocks."""
    return tuple(_summary(each) for each in find.own(folder, config))


def _recorded(folder: Path) -> Recorded:
    study = store.load(folder)
    return recorded(study.plan, study.steps, study.progress, store.seed_of(folder))


def _summary(folder: Path) -> Earlier:
    stamp, _hyphen, name = folder.name.partition("-")
    try:
        began = datetime.strptime(stamp, STAMP).replace(tzinfo=timezone.utc)
    except ValueError:
        began = None  # a person has renamed the folder
    try:
        study = store.load(folder)
    except Failure as failure:
        return Earlier(folder.name, name, began, DAMAGED, why=failure.reason)
    done, total = len(study.progress.done), len(study.steps)
    return Earlier(study.id, study.name, began, state_of(study), done, total, study.progress.stopped)
