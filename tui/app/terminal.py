"""Runs an app in the terminal: its log, its priority, its signals, and what is printed if it crashes."""

# Imports are local so that --version does not load Textual.
# ruff: noqa: PLC0415

import gc
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tui.core.failure import Failure

if TYPE_CHECKING:
    from textual.app import App

T = TypeVar("T")

SETTLED_S = 5.0  # by then the first page is complete, and its objects are permanent

# Textual reads these when it is imported; values of the user take precedence.
TEXTUAL = {
    "TEXTUAL_ANIMATIONS": "none",  # they repaint without any information
    "TEXTUAL_SMOOTH_SCROLL": "0",  # otherwise some terminals report each pixel of a mouse movement
}


def require_terminal() -> None:
    """Failure unless input and output are a terminal whose cursor can be moved."""
    for name, stream in (("input", sys.stdin), ("output", sys.stdout), ("error output", sys.stderr)):
        if stream is None or not stream.isatty():
            raise Failure(f"The standard {name} is not a terminal", hint="Run vmlm-tui in a terminal.")
    if os.environ.get("TERM") == "dumb":  # as in a shell of Emacs
        what, hint = "This terminal can't move its cursor", "Run vmlm-tui in another one; its commands also run here."
        raise Failure(what, "TERM is dumb", hint)


def run(create: "Callable[[], App[T]]", own_log: Path, then: str = "") -> "tuple[T | None, int]":
    """Run the app that `create` returns; its return value and the exit status.

    `own_log` receives its log. `then` is printed after the sentence on a crash.
    """
    for name, value in TEXTUAL.items():
        os.environ.setdefault(name, value)
    from tui.app.process_priority import PRIORITY, set_priority

    original = os.getpriority(os.PRIO_PROCESS, 0)
    set_priority(PRIORITY)
    try:
        return _run(create, own_log, then)
    finally:
        set_priority(original)  # what runs next would inherit it, and the user's shell shares the session


def _run(create: "Callable[[], App[T]]", own_log: Path, then: str) -> "tuple[T | None, int]":
    from tui.core import log

    descriptor = log.start(own_log)
    with log.stderr_redirected(descriptor):
        import asyncio

        app = create()
        try:
            asyncio.run(run_until_exit(app))
            status = app.return_code or 0
        except Exception:  # noqa: BLE001  # a traceback belongs in the log, not on the terminal
            log.log.exception("The app crashed")
            status = app.return_code or 1
    if status == 1:  # Textual's status after an exception
        sentence = f"vmlm-tui: The app crashed; {own_log} has the error. {then}"
        print(sentence.rstrip(), file=sys.stderr)
    return app.return_value, status


async def run_until_exit(app: "App[Any]") -> None:
    """Run the app; SIGHUP and SIGTERM quit it like q, so migrations continue and the terminal is restored."""
    import asyncio

    loop = asyncio.get_running_loop()
    # A full garbage collection of all imports takes 80 ms, 400 ms on a busy machine, and would delay the p key.
    gc.set_threshold(10_000, 20, 50)
    loop.call_later(SETTLED_S, gc.freeze)

    def end(number: int) -> None:
        loop.remove_signal_handler(number)  # a second signal kills the process
        app.exit(return_code=128 + number)

    for number in (signal.SIGHUP, signal.SIGTERM):
        loop.add_signal_handler(number, end, number)
    await app.run_async()
