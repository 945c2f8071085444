"""The client of the runner: connects, starts one if there is none, and connects again after it ended."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from tui.core.failure import Failure
from tui.core.limit import within
from tui.core.log import log
from tui.core.ssh_agent import VARIABLE
from tui.core.threads import retrieve
from tui.runner import protocol
from tui.runner.protocol import HELLO, PROTOCOL, Message, Stopped

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
OnNotice = Callable[[Message], None]
OnLost = Callable[[], None]
ATTEMPTS = 3  # to connect: a runner may be about to end
HELLO_LIMIT_S = 30.0


def hello_of(config: Path, version: str) -> dict[str, str]:
    """What a client tells the runner first: its configuration, its version, and its ssh agent."""
    return {"config": str(config.absolute()), "version": version, "ssh_auth_sock": os.environ.get(VARIABLE, "")}


class Client:
    """One connection at a time; `connect` opens it and raises Failure.

    `on_notice` is called on the loop with each notice, `on_lost` when an open connection has ended by itself.
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

    def send(self, request: str, /, **parameters: Any) -> "asyncio.Future[Any]":
        """Send a request at once; the future has what `call` returns or raises, Stopped if there is no connection."""
        return self._request(request, parameters)

    async def close(self) -> None:
        """Close the connection; the runner continues what it does."""
        for task in (self._opening, self._reading):
            if task is not None:
                task.cancel()
        if self._writer is not None:
            self._end(self._writer)

    def _request(self, request: str, parameters: Mapping[str, Any]) -> "asyncio.Future[Any]":
        number = next(self._numbers)
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        reply.add_done_callback(retrieve)  # the caller may not wait for it
        if self._writer is None:
            reply.set_exception(_gone())
            return reply
        self._replies[number] = reply
        self._writer.write(protocol.encode({"id": number, "do": request, "with": dict(parameters)}))
        return reply

    async def _open(self) -> None:
        for _ in range(ATTEMPTS):
            reader, writer = await self._connect()
            try:
                if await self._greeted(reader, writer):
                    self._writer = writer
                    self._reading = asyncio.ensure_future(self._read(reader, writer))
                    self._reading.add_done_callback(retrieve)
                    return
            finally:
                if self._writer is not writer:
                    writer.close()
        raise Stopped("The runner in the background ends at once", "", "Its log is runner.log in the state folder.")

    async def _greeted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the runner serves this client; False if it is about to end, raises its Failure."""
        try:
            writer.write(protocol.encode({"id": 0, "do": HELLO, "with": self._hello}))
            line = await within(HELLO_LIMIT_S, reader.readline())
        except asyncio.TimeoutError as error:
            why = f"it did not reply within {HELLO_LIMIT_S:.0f} s"
            raise Failure("The runner in the background hangs", why, "Migrations continue.") from error
        except (ConnectionError, ValueError):
            return False
        if not line.endswith(b"\n"):
            return False
        reply = protocol.decode(line)
        if "failure" in reply and not reply.get("ends"):
            raise protocol.failure_of(reply["failure"])
        return "failure" not in reply

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (line := await reader.readline()).endswith(b"\n"):
                self._handle(protocol.decode(line))
                await asyncio.sleep(0)  # a long history must not block the keys
        except (ConnectionError, ValueError, Failure) as error:
            log.warning("The connection to the runner broke: %s", error)
        finally:
            self._end(writer)
        self._on_lost()

    def _end(self, writer: asyncio.StreamWriter) -> None:
        """Close a connection; its pending requests have no reply."""
        writer.close()
        if self._writer is not writer:
            return  # a later connection is open
        self._writer = None
        pending, self._replies = self._replies, {}
        for reply in pending.values():
            if not reply.done():
                reply.set_exception(_gone())

    def _handle(self, message: Message) -> None:
        if "notice" in message:
            try:
                self._on_notice(message)
            except Exception:  # noqa: BLE001  # a page that fails to show one must not end the connection
                log.exception("The notice %s failed", message["notice"])
            return
        number = message.get("id")
        reply = self._replies.pop(number, None) if isinstance(number, int) else None
        if reply is None or reply.done():
            return
        if "failure" in message:
            reply.set_exception(protocol.failure_of(message["failure"]))
        else:
            reply.set_result(message.get("result"))


def _gone() -> Stopped:
    return Stopped("The runner in the background has ended", "", "Try again: that starts a new one.")
