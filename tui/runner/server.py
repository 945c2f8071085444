"""The server of the runner: accepts clients, passes their requests to sessions, and knows when it is idle."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from tui.core.failure import Failure, unexpected
from tui.core.log import log
from tui.runner import protocol
from tui.runner.protocol import HELLO, LONGEST_REQUEST, Message

UNREAD_BYTES = 64 << 20  # a client that reads nothing is cut off; it can connect and read again


class Session(Protocol):
    """What the runner does for one client."""

    async def call(self, action: str, parameters: Mapping[str, Any]) -> Any:
        """The result of a request, as JSON; raises Failure."""

    def close(self) -> None:
        """The client has gone."""


class Peer:
    """The connection to one client; `notify` may be called on the loop at any time."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    def notify(self, notice: str, **data: Any) -> None:
        """Send a message that no request asked for."""
        self.send({"notice": notice, **data})

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message; cuts off a client that does not read."""
        if self._writer.is_closing():
            return
        self._writer.write(protocol.encode(message))
        if self._writer.transport.get_write_buffer_size() > UNREAD_BYTES:
            self._writer.transport.abort()

    async def drained(self) -> None:
        """Return when the client has read most of what was sent."""
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()


Open = Callable[[Peer, Mapping[str, Any]], Awaitable[Session]]  # gets the parameters of "hello"; raises Failure


class Server:
    """Serves the clients of one socket; `version` is that of the program, for clients of another one.

    `busy` returns whether there is work besides the clients. `ended` is set to end the process: by a signal, or by a
    client of another version that comes when there is no work, because it starts a runner of its own.
    """

    def __init__(self, open_session: Open, version: str, busy: Callable[[], bool]) -> None:
        self.ended = asyncio.Event()
        self._clients = 0
        self._open = open_session
        self._version = version
        self._busy = busy
        self._requests: set[asyncio.Task[None]] = set()

    @property
    def idle(self) -> bool:
        """Whether there is no client, no request of one that has gone, and no other work."""
        return not self._clients and not self._requests and not self._busy()

    async def listen(self, listening: socket.socket) -> asyncio.AbstractServer:
        """Accept clients of a socket that listens already."""
        return await asyncio.start_unix_server(self.serve, sock=listening, limit=LONGEST_REQUEST)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client until it has gone."""
        peer, session = Peer(writer), None
        self._clients += 1
        try:
            session = await self._greet(reader, peer)
            while session is not None and (line := await reader.readline()):
                self._handle(peer, session, line)
                await asyncio.sleep(0)
        except (ConnectionError, ValueError, asyncio.CancelledError):
            pass  # ValueError: a line longer than the limit; CancelledError: the process ends
        finally:
            if session is not None:
                session.close()
            writer.close()
            self._clients -= 1

    async def _greet(self, reader: asyncio.StreamReader, peer: Peer) -> Session | None:
        """The session of a client that says hello in our version; None if it was refused."""
        number, ends = 0, False
        line = await reader.readline()
        if not line:
            return None  # it only tried whether there is a runner
        try:
            number, action, parameters = protocol.request_of(protocol.decode(line))
            if action != HELLO:
                raise Failure(f"The first request to the runner is {action!r}", f"{HELLO!r} was expected")
            theirs = protocol.other_version(parameters.get("protocol"), parameters.get("version"), self._version)
            if theirs is not None:
                ends = self._clients == 1 and not self._requests and not self._busy()
                raise theirs
            session = await self._open(peer, parameters)
        except Exception as error:  # noqa: BLE001  # the client gets a sentence, whatever it is
            failure = _failure_of(HELLO, error)
            reply = {"id": number, "failure": protocol.failure_fields(failure), "protocol": protocol.PROTOCOL}
            if ends:
                self.ended.set()  # first, so that the client does not find this one again
            peer.send(reply | {"ends": ends})
            await peer.drained()
            return None
        peer.send({"id": number, "result": {"protocol": protocol.PROTOCOL, "version": self._version}})
        return session

    def _handle(self, peer: Peer, session: Session, line: bytes) -> None:
        """Answer one request in a task of its own: a slow one delays no other."""
        try:
            number, action, parameters = protocol.request_of(protocol.decode(line))
        except Failure as failure:
            peer.send({"id": None, "failure": protocol.failure_fields(failure)})
            return
        task = asyncio.ensure_future(self._answer(peer, session, number, action, parameters))
        self._requests.add(task)
        task.add_done_callback(self._requests.discard)

    async def _answer(self, peer: Peer, session: Session, number: int, action: str, parameters: Message) -> None:
        try:
            peer.send({"id": number, "result": await session.call(action, parameters)})
        except Exception as error:  # noqa: BLE001  # one request must not end the runner, nor stay without a reply
            peer.send({"id": number, "failure": protocol.failure_fields(_failure_of(action, error))})


def _failure_of(action: str, error: Exception) -> Failure:
    """The Failure itself, or that of a fault of this program, whose traceback goes to the log."""
    if isinstance(error, Failure):
        return error
    log.error("The request %s failed", action, exc_info=error)
    return unexpected("The runner failed", error)
