"""Reports unexpected errors of workers, timers and handlers in the log and on the screen, and keeps the app running."""

import asyncio
import inspect
import time
import traceback
from collections.abc import Callable
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any

from textual import _callback, events, message_pump, screen
from textual._context import active_app, active_message_pump
from textual.message import Message

from tui.core import log
from tui.core.actions import without_keys
from tui.core.failure import Failure
from tui.core.settings import state_folder

if TYPE_CHECKING:
    from textual.app import App
    from textual.dom import DOMNode as Node
    from textual.worker import Worker

    Application = App[Any]
else:
    Node = Application = object  # a DOMNode before the screen would hide the screen's CSS

WATCH = "watch"  # the group of workers that poll for as long as their page is shown
RESTART_AFTER_S = 5.0
NOTICE_S = 15.0


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

    def call_after_delay(self, delay_s: float, callback: Callable[[], Any]) -> None:
        """Calls `callback` once after a delay; Textual's `set_timer` drops a timer that is late, and never calls."""
        asyncio.get_running_loop().call_later(delay_s, self.call_later, callback)

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
        where = where.strip("_").removeprefix("on_").replace("_", " ")
        log.log.error("Unexpected error in %s", where, exc_info=error)
        if isinstance(error, Failure):
            sentence = without_keys(str(error))
        else:
            kind = type(error).__name__
            why, hint = f"{kind}: {error}" if str(error) else kind, f"It is in the log, {state_folder() / log.NAME}."
            sentence = str(Failure(f"Unexpected error in {where}", why, hint))
        self.app.notify(sentence, severity="error", markup=False, timeout=NOTICE_S)


class SurvivesErrors(ReportsErrors, Application):
    """A mixin for the App class: it also reports what actions, message handlers and callbacks raise.

    Textual calls them with `invoke` (see `_invoke_reported`); the methods below cover what it calls in other ways.
    Errors before the first paint still end the app, because they leave nothing usable.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._painted = False  # whether the first page is complete, and the app handles messages
        self._reported_at: dict[str, float] = {}

    def report(self, where: str, error: Exception) -> None:
        """Report the error, but not again while its notice is shown: drawing may raise many times a second."""
        name, now = f"{where} {error!r}", time.monotonic()
        if now >= self._reported_at.get(name, -inf) + NOTICE_S:
            self._reported_at[name] = now
            super().report(where, error)

    @property
    def is_usable(self) -> bool:
        """Whether an error leaves something to use: also in the handlers of the first page itself."""
        return self._painted or (self.is_running and active_message_pump.get(self) is not self)

    async def _process_messages_loop(self) -> None:
        self._painted = True
        try:
            await super()._process_messages_loop()
        finally:
            self._painted = False

    async def _dispatch_message(self, message: Message) -> None:
        try:
            await super()._dispatch_message(message)
        except Exception as error:
            if not self._painted:
                raise
            self.report(message.handler_name, error)

    async def run_action(self, action: Any, *arguments: Any, **options: Any) -> bool:
        """Textual's; an action that raises counts as handled, so that its key does nothing else."""
        try:
            return await super().run_action(action, *arguments, **options)
        except Exception as error:  # noqa: BLE001  # as above
            name = action.partition("(")[0].rpartition(".")[2] if isinstance(action, str) else action[1]
            self.report(name, error)
            return True

    def switch_mode(self, mode: str) -> Any:
        """Textual's; if the new page cannot be created, the page in front, already suspended, is resumed."""
        try:
            return super().switch_mode(mode)
        except Exception:
            self.screen.post_message(events.ScreenResume())
            raise

    def _handle_exception(self, error: Exception) -> None:
        """Textual calls this for errors of layout, drawing, timers and widgets that cannot be composed."""
        if not self._painted:
            super()._handle_exception(error)
            return
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        self.report(frames[-1].f_code.co_name if frames else "a widget", error)


async def _invoke_reported(callback: Callable[..., Any], *arguments: Any) -> Any:
    """Textual's `invoke`, but reports what a handler or callback raises.

    Otherwise the message loop of its widget ends, and the app with it. Other handlers of the message still run:
    Textual's own resume and size a page. But the message does not bubble: its key must not do something else.
    """
    try:
        return await _callback.invoke(callback, *arguments)
    except Exception as error:
        app = active_app.get(None)
        if not isinstance(app, SurvivesErrors) or not app.is_usable:
            raise
        if arguments and isinstance(arguments[0], Message):
            arguments[0].stop()
        while isinstance(callback, partial):
            callback = callback.func
        app.report(getattr(callback, "__name__", type(callback).__name__), error)


# These two modules call all handlers and callbacks. A mixin would miss the handlers of Textual's own widgets.
message_pump.invoke = screen.invoke = _invoke_reported  # type: ignore[attr-defined]
