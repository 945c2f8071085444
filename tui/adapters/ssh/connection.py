"""One ssh connection through asyncssh, and its troubles as sentences; imported only when a connection is needed."""

import asyncio
import errno
import logging
import shlex
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import asyncssh

from tui.adapters.ssh.broken import Broken
from tui.adapters.ssh.known_hosts import USUAL_PORT, known_as, known_hosts
from tui.adapters.streams import drained
from tui.core.command import Completed
from tui.core.failure import Failure, LoginRefused, UntrustedHost
from tui.core.ssh_target import SshTarget
from tui.core.threads import on_thread

T = TypeVar("T")

SESSIONS = 10  # at a time, what sshd's MaxSessions is where nobody has set it
REFUSALS = 3  # with nothing of ours running: sshd may be asked for the next session before it has put the last one away
PUT_AWAY_S = 0.1  # after its first refusal, and longer after the next
ASK_AGAIN_S = 2.0  # what kept a session there that is none of ours any more, a command that hung, may be over
KEEPALIVE_S, KEEPALIVE_MISSES = 5, 3  # a host that vanished is noticed after about 20 s
SYSTEM_CONFIG = Path("/etc/ssh/ssh_config")
KEY_FILES = ("id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk")
SIGNALLED = 128  # added to a signal's number, as a shell says it

# Without a handler Python prints its warnings on the screen.
logging.getLogger("asyncssh").addHandler(logging.NullHandler())


class Connection:
    """An open connection; many commands run over it side by side, as many as the server allows; others wait."""

    def __init__(self, connection: asyncssh.SSHClientConnection) -> None:
        self._connection = connection
        self._sessions, self._most = 0, SESSIONS
        self._ended = asyncio.Event()  # a session did, or one more may be asked for
        self._turn = asyncio.Lock()  # so that one at a time waits for a place, and asks for one more than there were

    @property
    def closed(self) -> bool:
        return self._connection.is_closed()

    def close(self) -> None:
        """Closes it at once, without a word to the other side."""
        self._connection.abort()

    async def run(
        self,
        command: str,
        stdin: bytes,
        on_output: Callable[[str], None] | None = None,
        asked: asyncio.Event | None = None,
    ) -> Completed:
        """What the command answered; Broken when the connection failed first.

        `asked` is set unless the command waits for a session.
        """
        process = await self._started(command, asked or asyncio.Event(), with_input=bool(stdin))
        try:
            if stdin:
                process.stdin.write(stdin)
                process.stdin.write_eof()
            out, err = await asyncio.gather(drained(process.stdout, on_output), drained(process.stderr, on_output))
            await process.wait_closed()
        except (asyncssh.Error, OSError) as error:
            raise Broken(_reason(error), started=True) from None
        finally:
            process.close()
            self._leave()
        status = process.returncode
        if status is None:
            raise Broken("it ended before the command did", started=True)
        text, errors = (part.decode(errors="replace") for part in (out, err))
        return Completed(status if status >= 0 else SIGNALLED - status, text, errors)

    async def _started(
        self, command: str, asked: asyncio.Event, *, with_input: bool
    ) -> asyncssh.SSHClientProcess[bytes]:
        """In a session of its own; where the server refuses one, it is asked again when another has ended."""
        refusals = 0
        while True:
            await self._enter()
            asked.set()
            opening = asyncio.ensure_future(
                self._connection.create_process(
                    command,
                    stdin=asyncssh.PIPE if with_input else asyncssh.DEVNULL,
                    encoding=None,
                    request_pty=False,
                )
            )
            try:
                return await asyncio.shield(opening)
            except asyncio.CancelledError:
                opening.add_done_callback(self._end_unwanted)
                raise
            except BaseException as error:
                self._leave()
                if not isinstance(error, (asyncssh.Error, OSError)):
                    raise
                refusals += not self._sessions
                if not isinstance(error, asyncssh.ChannelOpenError) or self.closed or refusals > REFUSALS:
                    raise Broken(_reason(error), started=False) from None
                asked.clear()
                self._most = max(1, self._sessions)
                if not self._sessions:
                    await asyncio.sleep(PUT_AWAY_S * refusals)

    async def _enter(self) -> None:
        """Where the server has no place as far as is known, it is asked now and then all the same."""
        async with self._turn:
            while self._sessions >= self._most:
                self._ended.clear()
                # No wait_for, which before Python 3.12 may lose a cancellation that comes as the session ends.
                again = asyncio.get_running_loop().call_later(ASK_AGAIN_S, self._one_more)
                try:
                    await self._ended.wait()
                finally:
                    again.cancel()
            self._sessions += 1

    def _one_more(self) -> None:
        self._most = self._sessions + 1
        self._ended.set()

    def _end_unwanted(self, opening: "asyncio.Future[asyncssh.SSHClientProcess[bytes]]") -> None:
        """asyncssh would keep a session that nobody waits for open as long as the connection."""
        if not opening.cancelled() and opening.exception() is None:
            opening.result().close()
        self._leave()

    def _leave(self) -> None:
        self._sessions -= 1
        self._ended.set()
        if not self._sessions:
            self._most = SESSIONS  # what kept sessions there, a command that hung, may be over


async def connect(address: SshTarget, folder: Path, limit_s: float) -> Connection:
    """Logs in with the keys, the config and the known hosts in `folder`; never asks for a password."""
    return await Login(address, folder, limit_s).within(Login.connect)


_SILENT = "Is it switched on, and does a firewall let ssh through?"


class Login:
    """What is known about one attempt, so that its failure can be explained; without a password it uses keys alone."""

    def __init__(self, address: SshTarget, folder: Path, limit_s: float, password: str = "") -> None:
        self.address = address
        self.folder = folder
        self.limit_s = limit_s
        self._password = password
        self.shown_key: asyncssh.SSHKey | None = None  # the host's, where it is not trusted
        self.another_is_known = False
        self._known_as = address.host

    async def within(self, doing: Callable[["Login", float], Awaitable[T]]) -> T:
        """What `doing` comes to, given this and a deadline; its troubles as sentences."""
        deadline = time.monotonic() + self.limit_s
        try:
            return await asyncio.wait_for(doing(self, deadline), self.limit_s)
        except asyncio.TimeoutError:
            raise self.failure(f"there was no answer within {self.limit_s:.0f} s", _SILENT) from None
        except (asyncssh.Error, OSError, ValueError) as error:  # ValueError: asyncssh's for broken config and key files
            raise self.explain(error) from None

    async def connect(self, deadline: float) -> Connection:
        options = await on_thread(self.options)
        self._known_as = known_as(options)
        known = await on_thread(known_hosts, options.known_hosts, self.folder)
        options.update(known_hosts=known, client_factory=lambda: _Client(self, known))
        async with self.socket(options, deadline) as sock:
            return Connection(await asyncssh.connect(self.address.host, options.port, options=options, sock=sock))

    @asynccontextmanager
    async def socket(
        self, options: asyncssh.SSHClientConnectionOptions, deadline: float
    ) -> AsyncIterator[socket.socket | None]:
        """A connected one, closed if what it is for fails; None where asyncssh has to go another way."""
        sock = None
        if not (options.tunnel or options.proxy_command or options.local_addr):
            # By hand, because asyncio looks names up on threads that quitting would wait for.
            found = await on_thread(
                socket.getaddrinfo, options.host, options.port, int(options.family or 0), socket.SOCK_STREAM
            )
            sock = await _connected(found, deadline)
        try:
            yield sock
        except BaseException:
            if sock is not None:
                sock.close()
            raise

    def options(self) -> asyncssh.SSHClientConnectionOptions:
        config = [path for path in (self.folder / "config", SYSTEM_CONFIG) if path.is_file()]
        given: dict[str, Any] = {"username": self.address.user} if self.address.user else {}
        if self.address.port:
            given["port"] = self.address.port
        options = asyncssh.SSHClientConnectionOptions(
            host=self.address.host,
            config=config,
            connect_timeout=self.limit_s,
            login_timeout=self.limit_s,
            keepalive_interval=KEEPALIVE_S,
            keepalive_count_max=KEEPALIVE_MISSES,
            password_auth=bool(self._password),
            kbdint_auth=bool(self._password),
            public_key_auth=not self._password,
            agent_forwarding=False,
            command=None,
            **given,
        )
        if self._password:
            options.update(password=self._password, client_keys=None, agent_path=None)
        elif not options.config.get("IdentityFile"):
            keys = [path for path in (self.folder / name for name in KEY_FILES) if path.is_file()]
            options.update(client_keys=keys or (), ignore_encrypted=True)
        return options

    def failure(self, why: str, hint: str, detail: str = "") -> Failure:
        return Failure(f"{self.address} can't be reached over ssh", why, hint, detail=detail)

    def explain(self, error: Exception) -> Failure:
        """The sentence for what asyncssh or the system said."""
        text = str(error)
        if isinstance(error, asyncssh.HostKeyNotVerifiable):
            return self._untrusted(text)
        if isinstance(error, asyncssh.PermissionDenied) and self._password:
            return Failure(
                f"{self.address} did not take the password",
                "it is wrong, or the server takes no passwords for this login, as most do for root",
                "Try again, or log in as somebody with the right to use sudo; "
                f"by hand: `ssh-copy-id {self.address.words}`.",
                detail=text,
            )
        if isinstance(error, asyncssh.PermissionDenied):
            return LoginRefused(
                f"{self.address} refused the login",
                "it accepts no key of ssh's folder or agent",
                f"`ssh {self.address.words}` must work without a password: "
                f"`ssh-copy-id {self.address.words}` sets that up.",
                detail=text,
            )
        if isinstance(error, asyncssh.KeyExchangeFailed) and "host key" in text.lower():
            return self._changed("it shows a key of another type than the known one", text)
        if isinstance(error, socket.gaierror):
            hint = "Check the name in the configuration, or add it to /etc/hosts."
            return self.failure("no such name is known here", hint, text)
        if isinstance(error, (ConnectionRefusedError, TimeoutError)) or (isinstance(error, OSError) and error.errno):
            return self._no_way(error)
        if isinstance(error, asyncssh.Error):
            return self.failure(_reason(error), "Is that an ssh server?", text)
        return Failure(
            "ssh's own files can't be used", text, f"Look at {self.folder} and {SYSTEM_CONFIG}.", detail=text
        )

    def _no_way(self, error: OSError) -> Failure:
        if isinstance(error, ConnectionRefusedError):
            return self.failure("nothing answers there (connection refused)", "Does its ssh server run?", str(error))
        if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
            return self.failure(
                "there is no way to it (no route)", "Is it switched on, and the network up?", str(error)
            )
        if isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
            return self.failure("there was no answer", _SILENT, str(error))
        return self.failure(_reason(error), "", str(error))

    def _untrusted(self, text: str) -> Failure:
        shown = f"{self.shown_key.get_fingerprint()}" if self.shown_key else "one that can't be used"
        if self.another_is_known:
            return self._changed(f"it shows {shown}", text)
        return UntrustedHost(
            f"{self.address}'s host key is not known",
            f"it shows {shown}, and known_hosts has no key for it",
            f"Log in once with `ssh {self.address.words}` and compare the fingerprint.",
            detail=text,
        )

    def _changed(self, shown: str, text: str) -> Failure:
        return UntrustedHost(
            f"{self.address}'s host key is not the one in known_hosts",
            f"{shown}; either the host was set up anew, or something pretends to be it",
            f"If you know why: `ssh-keygen -R {shlex.quote(self._known_as)}`, "
            f"then log in once with `ssh {self.address.words}`.",
            detail=text,
        )


class _Client(asyncssh.SSHClient):
    """Sees the key of a host that is not trusted, for the sentence about it."""

    def __init__(self, login: Login, known: asyncssh.SSHKnownHosts) -> None:
        self._login = login
        self._known = known

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self._login.shown_key = key
        self._login.another_is_known = bool(self._known.match(host, addr, port if port != USUAL_PORT else None)[0])
        return False


async def _connected(found: Sequence[Any], deadline: float) -> socket.socket:
    """A socket connected to the first address that answers; each gets its share of the time that is left."""
    loop = asyncio.get_running_loop()
    trouble: OSError = OSError(errno.EHOSTUNREACH, "no address")
    for number, (family, kind, protocol, _, where) in enumerate(found):
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            share = (deadline - time.monotonic()) / (len(found) - number)
            await asyncio.wait_for(loop.sock_connect(sock, where), share)
        except (OSError, asyncio.TimeoutError) as error:
            sock.close()
            timed_out = isinstance(error, asyncio.TimeoutError) and not str(error)
            trouble = TimeoutError(errno.ETIMEDOUT, "timed out") if timed_out else error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise trouble


def _reason(error: Exception) -> str:
    """The other side's words without asyncssh's decoration, as the end of a sentence."""
    text = str(error).strip().rstrip(".") or type(error).__name__
    return text[:1].lower() + text[1:]
