"""Reports unexpected errors of workers and timers in the log and on the screen, and keeps the app running."""

import asyncio
import inspect
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from tui.core import log
from tui.core.actions import without_keys
from tui.core.failure import Failure
from tui.core.settings import state_folder

if TYPE_CHECKING:
    from textual.dom import DOMNode as Node
    from textual.worker import Worker
else:
    Node = object  # a DOMNode before the screen would hide the screen's CSS

WATCH = "watch"  # the group of workers that poll for as long as their page is shown
RESTART_AFTER_S = 5.0


class ReportsErrors(Node):
    """A mixin; name it before the Screen or App class.

    Textual ends the app when a worker or a timer raises, but a migration may be under way and p must still act. So
    `run_worker` wraps every worker, and a timer's callback is wrapped with `guarded`.
    """

    def run_worker(  # type: ignore[override]  # its other options are passed on
        self, work: Any, name: str | None = "", group: str = "default", **options: Any
    ) -> "Worker[Any]":
        """Textual's, but reports what the worker raises; a worker of the group WATCH is then restarted."""
        return super().run_worker(partial(self._run_reported, work, name or group, group), name, group, **options)

    async def _run_reported(self, work: Callable[[], Any], name: str, group: str) -> Any:
        before = ""
        while True:
            try:
                return await work()
            except Exception as error:  # noqa: BLE001  # the one place that handles unexpected errors
                if repr(error) != before:  # else its notices would cover the page for as long as it fails
                    before = repr(error)
                    self.report(name, error)
            if group != WATCH:
                return None
            await asyncio.sleep(RESTART_AFTER_S)

    def guarded(self, callback: Callable[[], Any]) -> Callable[[], Any]:
        """Wraps a timer's callback: it reports what the callback raises, and repeated errors only once."""
        before = ""

        async def call() -> None:
            nonlocal before
            try:
                result = callback()
                if inspect.isawaitable(result):
                    await result
            except Exception as error:  # noqa: BLE001  # as above
                if repr(error) != before:
                    before = repr(error)
                    self.report(getattr(callback, "__name__", "a timer"), error)
            else:
                before = ""

        return call

    def report(self, where: str, error: Exception) -> None:
        """Log the error with its traceback and show it; a Failure is shown as its own sentence."""
        where = where.strip("_").replace("_", " ")
        log.log.error("Unexpected error in %s", where, exc_info=error)
        if isinstance(error, Failure):
            sentence = without_keys(str(error))
        else:
            kind = type(error).__name__
            why, hint = f"{kind}: {error}" if str(error) else kind, f"It is in the log, {state_folder() / log.NAME}."
            sentence = str(Failure(f"Unexpected error in {where}", why, hint))
        self.app.notify(sentence, severity="error", markup=False, timeout=15)
