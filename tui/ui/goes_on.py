"""What an error that nobody expected comes to: it is logged, a sentence reports it, and the page goes on."""

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

WATCH = "watch"  # the group of the workers that look again and again, for as long as their page is shown
AGAIN_AFTER_S = 5.0


class GoesOn(Node):
    """A mixin, named before the screen or the app that it is for.

    Textual ends the app when a worker or a timer raises: but a migration may be under way, and p must still work. So
    all workers run behind `run_worker` here, and a timer is given its callback by `guarded`.
    """

    def run_worker(  # type: ignore[override]  # its other options are passed on
        self, work: Any, name: str | None = "", group: str = "default", **options: Any
    ) -> "Worker[Any]":
        """Textual's; what the work raises is reported. In the group WATCH the work then begins again."""
        return super().run_worker(partial(self._go_on, work, name or group, group), name, group, **options)

    async def _go_on(self, work: Callable[[], Any], name: str, group: str) -> Any:
        while True:
            try:
                return await work()
            except Exception as error:  # noqa: BLE001  # here is the one place for what nobody expected
                self.report(name, error)
            if group != WATCH:
                return None
            await asyncio.sleep(AGAIN_AFTER_S)

    def guarded(self, callback: Callable[[], Any]) -> Callable[[], Any]:
        """A timer's callback that only reports what it raises, and once where the next calls raise the same."""
        before = ""

        async def call() -> None:
            nonlocal before
            try:
                answer = callback()
                if inspect.isawaitable(answer):
                    await answer
            except Exception as error:  # noqa: BLE001  # as above
                if repr(error) != before:
                    before = repr(error)
                    self.report(getattr(callback, "__name__", "a timer"), error)
            else:
                before = ""

        return call

    def report(self, where: str, error: Exception) -> None:
        """Log the error with its traceback, and show it; a Failure has a sentence of its own."""
        where = where.strip("_").replace("_", " ")
        log.log.error("Unexpected error in %s", where, exc_info=error)
        if isinstance(error, Failure):
            sentence = without_keys(str(error))
        else:
            kind = type(error).__name__
            why, hint = f"{kind}: {error}" if str(error) else kind, f"It is in the log, {state_folder() / log.NAME}."
            sentence = str(Failure(f"Unexpected error in {where}", why, hint))
        self.app.notify(sentence, severity="error", markup=False, timeout=15)
