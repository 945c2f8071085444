"""The app's own log, and the diversion of everything into it that would otherwise land on the screen."""

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

NAME = "vmlm-tui.log"  # in the state folder
MAX_BYTES = 1 << 20  # then a new one is begun, and the one before is kept

log = logging.getLogger("tui")


def start(path: Path) -> int:
    """Send python's logging, warnings and threads' exceptions to the file; returns its descriptor.

    Where it cannot be written there is no log, and the app runs all the same: a full disk must not keep anyone from p.
    """
    logging.raiseExceptions = False  # they would be printed, over the screen
    try:
        descriptor = _open(path)
    except OSError:
        descriptor = os.open(os.devnull, os.O_WRONLY)
    # The stream is never closed: threads may still log while python ends.
    handler = logging.StreamHandler(
        os.fdopen(descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    log.setLevel(logging.INFO)  # of the others only warnings: asyncssh tells of every channel
    logging.captureWarnings(True)
    threading.excepthook = _thread_failed
    return descriptor


@contextlib.contextmanager
def diverted(descriptor: int) -> Iterator[None]:
    """Whatever writes to descriptor 2 (libvirt's C code, an ssh) goes to the log; Textual still paints the terminal."""
    terminal = os.dup(2)
    before = sys.__stderr__
    os.dup2(descriptor, 2)
    painted = os.fdopen(terminal, "w", encoding="utf-8", errors="replace", closefd=False)
    sys.__stderr__ = painted  # type: ignore[misc]  # where Textual paints
    try:
        yield
    finally:
        sys.__stderr__ = before  # type: ignore[misc]
        with contextlib.suppress(OSError):  # the terminal may be gone, and with it who would have seen the rest
            painted.close()
        os.dup2(terminal, 2)
        os.close(terminal)


def _open(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and path.stat().st_size > MAX_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is not None:
        log.error("A thread ended by an exception", exc_info=failed.exc_value)
