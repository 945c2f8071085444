"""An exclusive lock on an open file; the kernel releases it when the file is closed or the process ends."""

import fcntl
import time
from typing import IO

RETRY_S = 0.01


def lock(file: IO[bytes], limit_s: float) -> None:
    """Lock the file; BlockingIOError if another process still has the lock after `limit_s`."""
    deadline = time.monotonic() + limit_s
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(RETRY_S)
