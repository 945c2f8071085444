"""Reads the output of a command: collects it, and passes it on as it arrives."""

import codecs
from typing import Protocol

from tui.core.command import OnOutput


class Reader(Protocol):
    """The stream readers of asyncio and asyncssh."""

    async def read(self, n: int = -1, /) -> bytes:
        """Up to `n` bytes; b"" at the end."""


CHUNK = 1 << 16


async def read_all(reader: Reader | None, on_output: OnOutput | None) -> bytes:
    """All output, once the stream has ended; calls `on_output` with each piece of text as it arrives."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    output = bytearray()
    while reader is not None and (piece := await reader.read(CHUNK)):
        output += piece
        if on_output is not None and (text := decoder.decode(piece)):
            on_output(text)
    return bytes(output)
