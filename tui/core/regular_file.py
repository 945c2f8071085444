"""Opens files of the user to read them, without waiting for a pipe and without reading a device."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

# A thread that parses a log must not read it in small blocks: each read() releases the GIL and takes it back at once.
# A thread that waits for the GIL is notified, does not get it, and starts anew to wait the 5 ms after which the parsing
# thread would have to yield: the keys were dead for 0.5 s.
LARGE_READS = 1 << 20  # bytes; parsing as many takes longer than these 5 ms


def open_regular(path: Path, buffering: int = -1) -> BinaryIO:
    """The file, open for reading; OSError for a folder, a pipe, a socket or a device: some of these never end.

    `buffering` is the size of one read in bytes, by default a block of the file system.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would wait for its writer
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb", buffering)
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise OSError(errno.EINVAL, "Not a regular file", str(path))


def read_regular(path: Path) -> bytes:
    """The content of a file; OSError as open_regular."""
    with open_regular(path) as file:
        return file.read()
