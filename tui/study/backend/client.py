"""The studies as the command line sees them: started, read and stopped through the runner."""

from pathlib import Path
from typing import Any

from tui import __version__
from tui.core.failure import Failure
from tui.runner.client import Client, Connect, hello_of
from tui.study.backend.requests import CHECK, RESUME, START, STATUS, STOP

Status = dict[str, Any]  # of one study; see model.status
UNKNOWN_CHECK = f"The runner knows no request {CHECK!r}"  # how a runner of an earlier version replies


class StudiesClient:
    """The studies of one configuration, by its path; `connect` reaches the runner, and starts it if need be."""

    def __init__(self, connect: Connect, config: Path) -> None:
        self._client = Client(connect, hello_of(config, __version__), lambda _notice: None, lambda: None)

    async def check(self, plan: str) -> dict[str, int] | None:
        """The bytes of memory of the plan's VMs; the Failure with which a start would be refused. Changes nothing.

        None if the runner is of an earlier version, which cannot check.
        """
        try:
            found = await self._client.call(CHECK, plan=plan)
        except Failure as failure:
            if failure.what == UNKNOWN_CHECK:
                return None
            raise
        return {str(name): int(each) for name, each in found["memory_bytes"].items()}

    async def start(self, plan: str, seed: int | None = None) -> Status:
        """Start the study of a plan's text; `seed` is for one without. Returns its status, raises Failure."""
        found: Status = await self._client.call(START, plan=plan, seed=seed)
        return found

    async def status(self, study: str = "", after: int | None = None) -> Status | None:
        """The status of a study, by default of the one under way, else of the newest; None if there is none.

        With `after`, its `runs` are those that have ended, without the first `after`.
        """
        found: Status | None = await self._client.call(STATUS, study=study, after=after)
        return found

    async def stop(self) -> Status:
        """Stop the study under way; returns its status, raises Failure if there is none."""
        found: Status = await self._client.call(STOP)
        return found

    async def resume(self, study: str = "") -> Status:
        """Continue a study, by default the newest; returns its status, raises Failure."""
        found: Status = await self._client.call(RESUME, study=study)
        return found

    async def close(self) -> None:
        """Close the connection; the study continues."""
        await self._client.close()
