"""A file lock: one process holds it at a time; the kernel releases it when that process ends."""

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
    """Holds the lock of this file, which its holder may remove; reports if another process works on `what`."""
    end = time.monotonic() + LIMIT_S
    reported = False
    while True:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _has_name(descriptor, path):
                break
        except BlockingIOError:
            if not reported:
                on_progress(f"another command works on {what}; waiting until it ends")
                reported = True
            if time.monotonic() > end:
                os.close(descriptor)
                raise Failure(f"another command still works on {what} after {LIMIT_S:g} s") from None
            time.sleep(0.1)
        os.close(descriptor)
    try:
        yield
    finally:
        os.close(descriptor)


def _has_name(descriptor: int, path: Path) -> bool:
    """Whether the opened file still has that name."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
