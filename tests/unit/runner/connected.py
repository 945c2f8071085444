"""A server of the runner on a real unix socket, sessions that the test controls, and clients of it."""

import asyncio
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.unit.fakes import PATIENCE_S
from tui.core.failure import Failure
from tui.core.log import log
from tui.runner.client import Client
from tui.runner.protocol import LONGEST_REPLY, PROTOCOL, Message, decode, encode
from tui.runner.server import Peer, Server


class Work:
    """A session: `echo` returns its parameters, `wait` returns when the test has set `go`."""

    def __init__(self, peer: Peer, hello: Mapping[str, Any], go: asyncio.Event) -> None:
        self.peer = peer
        self.hello = dict(hello)
        self.closed = asyncio.Event()
        self.requested: asyncio.Queue[str] = asyncio.Queue()
        self._go = go

    async def call(self, action: str, parameters: Mapping[str, Any]) -> Any:
        self.requested.put_nowait(action)
        if action == "wait":
            await self._go.wait()
        elif action == "refuse":
            raise Failure("It is refused", "because", "Ask later.", detail="x")
        elif action == "crash":
            raise KeyError("crash")
        elif action == "notify":
            for number in range(int(parameters["count"])):
                self.peer.notify("count", number=number)
        elif action == "unwritable":
            return object()
        return dict(parameters)

    def close(self) -> None:
        self.closed.set()


class Place:
    """A server, and everything it has opened; `close` ends it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.go = asyncio.Event()
        self.busy = False
        self.sessions: list[Work] = []
        self.opened: asyncio.Queue[Work] = asyncio.Queue()
        self.refusal: Exception | None = None
        self.server = Server(self._open, "1.2.3", lambda: self.busy)
        self._listening: asyncio.AbstractServer | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self._clients: list[Client] = []

    async def _open(self, peer: Peer, hello: Mapping[str, Any]) -> Work:
        if self.refusal is not None:
            raise self.refusal
        session = Work(peer, hello, self.go)
        self.sessions.append(session)
        self.opened.put_nowait(session)
        return session

    async def start(self) -> None:
        bound = socket.socket(socket.AF_UNIX)
        self.path.unlink(missing_ok=True)
        bound.bind(str(self.path))
        bound.listen(64)
        self._listening = await self.server.listen(bound)

    def end(self) -> None:
        """End as a killed process does: no connection stays open."""
        assert self._listening is not None
        self._listening.close()
        self.path.unlink(missing_ok=True)
        for each in self.sessions:
            each.peer._writer.transport.abort()

    async def raw(self, *, hello: bool = True) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection without our client."""
        reader, writer = await asyncio.open_unix_connection(self.path, limit=LONGEST_REPLY)
        self._writers.append(writer)
        if hello:
            writer.write(encode({"id": 0, "do": "hello", "with": {"protocol": PROTOCOL}}))
            assert "result" in await reply_of(reader)
        return reader, writer

    def client(self, seen: "Seen | None" = None, **hello: Any) -> Client:
        seen = seen or Seen()

        async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            try:
                return await asyncio.open_unix_connection(self.path, limit=LONGEST_REPLY)
            except OSError as error:
                raise Failure("There is no runner", str(error)) from error

        self._clients.append(Client(connect, hello, seen.on_notice, seen.on_lost))
        return self._clients[-1]

    async def close(self) -> None:
        self.go.set()
        for client in self._clients:
            await client.close()
        for writer in self._writers:
            writer.close()
        if self._listening is not None:
            self._listening.close()


class Seen:
    """What a client was given."""

    def __init__(self) -> None:
        self.notices: list[Message] = []
        self.lost = asyncio.Event()
        self.fails = False

    def on_notice(self, message: Message) -> None:
        if self.fails:
            log.debug("The test's listener fails")
            raise ZeroDivisionError
        self.notices.append(message)

    def on_lost(self) -> None:
        self.lost.set()


async def rest_of(reader: asyncio.StreamReader) -> bytes:
    """What comes until the connection ends."""
    try:
        return await asyncio.wait_for(reader.read(), PATIENCE_S)
    except ConnectionError:  # the other side had not read everything
        return b""


async def reply_of(reader: asyncio.StreamReader) -> Message:
    return decode(await asyncio.wait_for(reader.readline(), PATIENCE_S))
