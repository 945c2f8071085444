"""Compares the techniques of a forecast on a thread, because it takes up to 50 ms and a person may be typing."""

import asyncio
from collections.abc import Callable

from tui.core.failure import Failure, as_failure
from tui.core.log import log
from tui.core.threads import on_thread
from tui.forecast.model.comparison import Comparison
from tui.forecast.model.forecast import Inputs

Compare = Callable[[Inputs], Comparison]


class Comparing:
    """Compares the newest inputs, one after the other; a result that is outdated when it arrives is dropped."""

    def __init__(self, compare: Compare, on_changed: Callable[[], object]) -> None:
        self.newest: Comparison | None = None
        self.failure: Failure | None = None  # of the comparison of the newest inputs
        self._compare = compare
        self._on_changed = on_changed
        self._wanted: Inputs | None = None
        self._task: asyncio.Task[None] | None = None

    def of(self, inputs: Inputs | None) -> None:
        """Compare these; until that is done, the comparison before stays, except for None."""
        if inputs == self._wanted:
            return
        self._wanted, self.failure = inputs, None
        if inputs is None:
            self.newest = None
        elif self._task is None:
            self._task = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        try:
            while (inputs := self._wanted) is not None:
                found, failure = await self._compared(inputs)
                if inputs == self._wanted:
                    self.newest, self.failure = found, failure
                    return
        finally:
            self._task = None
            self._on_changed()

    async def _compared(self, inputs: Inputs) -> tuple[Comparison | None, Failure | None]:
        try:
            return await on_thread(self._compare, inputs), None
        except Exception as error:  # noqa: BLE001  # the form works without a forecast
            log.exception("The techniques could not be compared")
            return None, as_failure("There is no forecast", error)
