"""A lock in a file: held by one process at a time, free as soon as that process is gone, however it ended."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tui.core.failure import Failure

LIMIT_S = 600.0


@contextmanager
def held(path: Path, what: str, on_progress: Callable[[str], None]) -> Iterator[None]:
    """Holds the lock of this file, which may be removed meanwhile; says so when another process works on `what`."""
    end = time.monotonic() + LIMIT_S
    told = False
    while True:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(descriptor, path):
                break
        except BlockingIOError:
            if not told:
                on_progress(f"another command works on {what}; waiting for it")
                told = True
            if time.monotonic() > end:
                os.close(descriptor)
                raise Failure(f"another command has been working on {what} all the time") from None
            time.sleep(0.1)
        os.close(descriptor)
    try:
        yield
    finally:
        os.close(descriptor)


def _is_still(descriptor: int, path: Path) -> bool:
    """Whether the file that was opened is the one of that name now."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
