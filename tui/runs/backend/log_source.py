"""A log to import: a file or the standard input, with its hash, read line by line."""

import codecs
import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from tui.core.failure import Failure
from tui.core.regular_file import open_regular

STDIN = "-"
CHUNK = 1 << 20
LONGEST_LINE = 1 << 16  # a file without newlines is read in parts of this size
WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # Windows writes UTF-16


@dataclass(frozen=True)
class LogSource:
    """An open log; `name` is its absolute path, or "the standard input"."""

    name: str
    stem: str  # the file's name without its extension; empty for the standard input
    sha256: str
    changed: float | None  # when the file was last changed, since the epoch
    _file: IO[bytes]

    def raw_lines(self) -> Iterator[bytes]:
        """The lines as they are, from the first one."""
        self._file.seek(0)
        while line := self._file.readline(LONGEST_LINE):
            yield line

    def lines(self) -> Iterator[str]:
        """The lines as text; bytes that are not UTF-8 are replaced."""
        return (line.decode("utf-8", errors="replace") for line in self.raw_lines())


@contextlib.contextmanager
def open_log(name: str, stdin: BinaryIO) -> Iterator[LogSource]:
    """Open a file, or for "-" read the standard input to its end; raises Failure."""
    with contextlib.ExitStack() as opened:
        try:
            path = None if name == STDIN else Path(name).absolute()
            file: IO[bytes] = opened.enter_context(_copy_of(stdin) if path is None else open_regular(path))
            sha256 = _sha256(file)
            changed = path.stat().st_mtime if path is not None else None
            file.seek(0)
            if (start := file.read(2)) in WIDE:
                file = opened.enter_context(_as_utf8(file, "utf-16-le" if start == WIDE[0] else "utf-16-be"))
        except OSError as error:
            why = error.strerror or str(error)
            hint = "Pipe it to `vmlm-tui runs import -`." if "regular" in why else ""
            raise Failure(f"{name} cannot be read", why, hint) from error
        yield LogSource(str(path) if path else "the standard input", path.stem if path else "", sha256, changed, file)


def _copy_of(stream: BinaryIO) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115  # the caller closes it
    shutil.copyfileobj(stream, file, CHUNK)
    return file


def _sha256(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _as_utf8(file: IO[bytes], encoding: str) -> IO[bytes]:
    """A temporary copy in UTF-8."""
    decoder, copy = codecs.getincrementaldecoder(encoding)(errors="replace"), tempfile.TemporaryFile()  # noqa: SIM115
    while chunk := file.read(CHUNK):
        copy.write(decoder.decode(chunk).encode(errors="replace"))
    return copy
