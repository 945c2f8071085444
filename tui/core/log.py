"""The app's log, which also receives everything that would otherwise be printed over the screen."""

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

NAME = "vmlm-tui.log"  # in the state folder
MAX_BYTES = 1 << 20  # a larger file is renamed, and a new one is started

log = logging.getLogger("tui")


def start(path: Path) -> int:
    """Send Python's logging, warnings and exceptions of threads to the file; returns its descriptor.

    If the file cannot be written, the app runs without a log, because a full disk must not block post-copy.
    """
    logging.raiseExceptions = False  # Python would print them over the screen
    try:
        descriptor = _open(path)
    except OSError:
        descriptor = os.open(os.devnull, os.O_WRONLY)
    # The stream stays open, because threads may log until Python exits.
    handler = logging.StreamHandler(
        os.fdopen(descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    log.setLevel(logging.INFO)  # other loggers keep WARNING: asyncssh logs every channel at INFO
    logging.captureWarnings(True)
    threading.excepthook = _thread_failed
    return descriptor


@contextlib.contextmanager
def stderr_redirected(descriptor: int) -> Iterator[None]:
    """Redirect descriptor 2, used by libvirt's C code and ssh, to the log; Textual still writes to the terminal."""
    terminal = os.dup(2)
    original = sys.__stderr__
    os.dup2(descriptor, 2)
    screen = os.fdopen(terminal, "w", encoding="utf-8", errors="replace", closefd=False)
    sys.__stderr__ = screen  # type: ignore[misc]  # Textual writes to it
    try:
        yield
    finally:
        sys.__stderr__ = original  # type: ignore[misc]
        with contextlib.suppress(OSError):  # the terminal may be closed
            screen.close()
        os.dup2(terminal, 2)
        os.close(terminal)


def _open(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and path.stat().st_size > MAX_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is not None:
        log.error("A thread ended with an exception", exc_info=failed.exc_value)
