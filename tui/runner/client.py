"""The client of the runner: connects, starts one if there is none, and connects again after it ended."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from typing import Any

from tui.core.failure import Failure
from tui.core.threads import retrieve
from tui.runner import protocol
from tui.runner.protocol import HELLO, PROTOCOL, Message, Stopped

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
OnNotice = Callable[[Message], None]
OnLost = Callable[[], None]
BATCH = 50  # notices that are handled before anything else of the loop

GONE = Stopped("The runner in the background has ended", "", "Try again: that starts a new one.")


class Client:
    """One connection at a time; `connect` opens it and raises Failure.

    `on_notice` is called on the loop with each notice, `on_lost` when an open connection has ended.
    """

    def __init__(self, connect: Connect, hello: Mapping[str, Any], on_notice: OnNotice, on_lost: OnLost) -> None:
        self._connect = connect
        self._hello = dict(hello) | {"protocol": PROTOCOL}
        self._on_notice = on_notice
        self._on_lost = on_lost
        self._numbers = count(1)
        self._replies: dict[int, asyncio.Future[Any]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._opening: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether there is a connection to the runner."""
        return self._writer is not None

    async def open(self) -> None:
        """Connect, unless that is done; raises Failure. Concurrent callers share one attempt."""
        if self._writer is not None:
            return
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._open())
            self._opening.add_done_callback(retrieve)
        try:
            await asyncio.shield(self._opening)
        finally:
            if self._opening is not None and self._opening.done():
                self._opening = None

    async def call(self, request: str, /, **parameters: Any) -> Any:
        """The result of a request; raises its Failure, or Stopped if the runner ended before it replied."""
        await self.open()
        return await self._request(request, parameters)

    def send(self, request: str, /, **parameters: Any) -> bool:
        """Send a request at once, without waiting for its result; False if there is no connection."""
        if self._writer is None:
            return False
        self._request(request, parameters).add_done_callback(retrieve)
        return True

    async def close(self) -> None:
        """Close the connection; the runner continues what it does."""
        for task in (self._opening, self._reading):
            if task is not None:
                task.cancel()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _request(self, request: str, parameters: Mapping[str, Any]) -> "asyncio.Future[Any]":
        number = next(self._numbers)
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._writer is None:
            reply.set_exception(GONE)
            return reply
        self._replies[number] = reply
        self._writer.write(protocol.encode({"id": number, "do": request, "with": dict(parameters)}))
        return reply

    async def _open(self) -> None:
        reader, writer = await self._connect()
        try:
            writer.write(protocol.encode({"id": 0, "do": HELLO, "with": self._hello}))
            reply = protocol.decode(await reader.readline() or b"null")
            if "failure" in reply:
                raise protocol.failure_of(reply["failure"])
        except (ConnectionError, ValueError) as error:
            writer.close()
            raise Stopped(GONE.what, str(error), GONE.hint) from error
        except Failure:
            writer.close()
            raise
        self._writer = writer
        self._reading = asyncio.ensure_future(self._read(reader, writer))
        self._reading.add_done_callback(retrieve)

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            handled = 0
            while line := await reader.readline():
                self._handle(protocol.decode(line))
                handled += 1
                if not handled % BATCH:
                    await asyncio.sleep(0)  # a long history must not block the keys
        except (ConnectionError, ValueError, Failure):
            pass  # the runner was killed in the middle of a line
        finally:
            writer.close()
            self._writer = None
            lost, self._replies = self._replies, {}
            for reply in lost.values():
                if not reply.done():
                    reply.set_exception(GONE)
        self._on_lost()

    def _handle(self, message: Message) -> None:
        if "notice" in message:
            self._on_notice(message)
            return
        number = message.get("id")
        reply = self._replies.pop(number, None) if isinstance(number, int) else None
        if reply is None or reply.done():
            return
        if "failure" in message:
            reply.set_exception(protocol.failure_of(message["failure"]))
        else:
            reply.set_result(message.get("result"))
