"""The process behind a unix socket."""

import socket
import sys
from pathlib import Path


def listener_of(path: Path) -> int:
    """The pid of the process that listens there; OSError if none does."""
    with socket.socket(socket.AF_UNIX) as trial:
        trial.connect(str(path))
        return int.from_bytes(trial.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)[:4], sys.byteorder)
