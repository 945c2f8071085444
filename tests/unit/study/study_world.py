"""Two hosts between which a VM is migrated there and back, with a guest, and the studies of a runner on them."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomli_w

from tests.unit.fakes import PATIENCE_S, Stage, connections, no_shell, recording
from tests.unit.migration.stages import summary
from tests.unit.study.fake_guest import FakeGuest, tools_of
from tests.unit.until import until
from tui.adapters.local import LocalShell
from tui.migration.backend.owner import MigrationOwner
from tui.study.backend.service import Studies

CONFIG = "/config.toml"


class Shuttle(Stage):
    """Plays one recording again for each migration, from where the VM is.

    `free`: so many migrations do not wait for keys, the later ones do; None leaves that as it is.
    """

    def __init__(self, name: str, *, waits_for_keys: bool = False) -> None:
        super().__init__(recording(name), waits_for_keys=waits_for_keys)
        self._names = {"source": "source", "destination": "destination"}
        self.free: int | None = None

    def begin(self) -> None:
        with self._lock:
            if self.free is not None:
                self._waits_for_keys = self.free <= 0
                self.free -= 1
            self._at, self.end = 0, ""
            self.ended.clear()
            if self.vm.name in self.vms[self.target]:
                self.origin, self.target = self.target, self.origin
                self._names = {"source": self._names["destination"], "destination": self._names["source"]}
            super().begin()

    def emit(self, host: str, kind: str, **data: object) -> None:
        super().emit(self._names[host], kind, **data)


class World:
    """One runner after another, with the same hosts, guest and folders; with `shells`, the hosts are this machine."""

    def __init__(
        self,
        folder: Path,
        stage: Shuttle,
        hosts: tuple[str, ...] = ("source", "destination"),
        *,
        shells: bool = False,
    ) -> None:
        self._shells = shells
        if shells:
            stage.hostnames = {"source": "127.0.0.1", "destination": "localhost"}
        self.folder = folder
        self.hosts = hosts
        self.stage = stage
        self.guest = FakeGuest()
        self.cuts = 0  # of connections, each in place of a reply
        self.start_runner()

    def start_runner(self) -> None:
        open_shell = (lambda _address: LocalShell()) if self._shells else no_shell
        found = connections(self.stage, self.hosts, open_shell)
        runs = self.folder / "runs"
        self.owner = MigrationOwner(found, self.stage.open, runs, 0.005, self.guest.workloads.current)
        self.tools = tools_of(self.owner, found, self.guest, runs)
        self.studies = Studies(self.tools, found.config, self.folder / "studies")

    async def end_runner(self) -> None:
        await self.studies.close()
        await self.owner.close()

    async def status(self, study: str = "") -> dict[str, Any]:
        found = await self.studies.status(study, CONFIG)
        assert found
        return found

    async def start(self, tables: dict[str, Any]) -> dict[str, Any]:
        return await self.studies.start(tomli_w.dumps(tables), CONFIG)

    async def reaches(self, key: str, value: str) -> None:
        """Return when the status has that value."""

        async def wait() -> None:
            while (await self.status())[key] != value:  # noqa: ASYNC110  # a status sends no event
                await asyncio.sleep(0)

        await asyncio.wait_for(wait(), PATIENCE_S)

    async def finished(self) -> dict[str, Any]:
        await until(lambda: not self.studies.busy)
        return await self.status()

    @property
    def runs(self) -> list[dict[str, Any]]:
        """The run.toml of each run, the oldest first."""
        folders = [each.parent for each in (self.folder / "runs").glob("*/run.toml")]
        return sorted(map(summary, folders), key=lambda run: str(run["began"]))

    def log(self) -> list[dict[str, Any]]:
        """The entries of the only study's log."""
        (path,) = (self.folder / "studies").glob("*/progress.jsonl")
        return list(map(json.loads, path.read_text("utf-8").splitlines()))

    def done(self) -> list[dict[str, Any]]:
        return [each for each in self.log() if each["do"] == "ended"]


Make = Callable[..., World]
