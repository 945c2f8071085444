"""What a command prints, collected and passed on while it comes."""

import codecs
from collections.abc import Callable
from typing import Protocol


class Reader(Protocol):
    """The reading end of asyncio and of asyncssh alike."""

    async def read(self, n: int = -1, /) -> bytes: ...


CHUNK = 1 << 16


async def drained(reader: Reader | None, on_output: Callable[[str], None] | None) -> bytes:
    """All of it, when it has ended; `hear` is called with each piece of text as it comes. No reader has nothing."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    kept = bytearray()
    while reader is not None and (piece := await reader.read(CHUNK)):
        kept += piece
        if on_output is not None and (text := decoder.decode(piece)):
            on_output(text)
    return bytes(kept)
