"""An ssh connection through asyncssh, with its errors as Failures; imported at the first connection."""

import asyncio
import errno
import logging
import shlex
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import asyncssh

from tui.adapters.ssh.known_hosts import USUAL_PORT, known_as, known_hosts
from tui.adapters.ssh.output_mark import AfterMark, after_mark
from tui.adapters.ssh.shell import Broken
from tui.adapters.streams import read_all
from tui.core.command import Completed, OnOutput
from tui.core.failure import Failure, LoginRefused, UntrustedHost
from tui.core.limit import within
from tui.core.ssh_agent import AGENTS
from tui.core.ssh_target import SshTarget
from tui.core.threads import on_thread
from tui.core.together import together

T = TypeVar("T")

MAX_SESSIONS = 10  # the default of sshd's MaxSessions
MAX_REFUSALS = 3  # while no session is open: sshd may refuse one before it has freed the previous session
REFUSED_WAIT_S = 0.1  # after the first such refusal; it grows with each
RETRY_S = 2.0  # then a session that a hanging command kept on the server may have ended
KEEPALIVE_S, KEEPALIVE_MISSES = 5, 3  # a dead host is detected after about 20 s
SYSTEM_CONFIG = Path("/etc/ssh/ssh_config")
CHANGED_KEY_WHY = "either the host was reinstalled, or another machine pretends to be it"
NO_SSH_SERVER = "Check that an ssh server listens on that port."
KEY_FILES = ("id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk")
SIGNALLED = 128  # a shell reports the signal's number plus this

# Without a handler, Python would print asyncssh's warnings on the screen.
logging.getLogger("asyncssh").addHandler(logging.NullHandler())


class Connection:
    """An open connection; it runs as many commands at a time as the server allows, and others wait."""

    def __init__(self, connection: asyncssh.SSHClientConnection) -> None:
        self._connection = connection
        self._sessions, self._limit = 0, MAX_SESSIONS
        self._changed = asyncio.Event()  # a session has ended, or the limit was raised
        self._queue = asyncio.Lock()  # only the first waiting command tries one session above the limit

    @property
    def closed(self) -> bool:
        """Whether it is closed or broken."""
        return self._connection.is_closed()

    def close(self) -> None:
        """Close it at once, without a disconnect message to the server."""
        self._connection.abort()

    async def run(
        self, command: str, stdin: bytes, on_output: OnOutput | None = None, requested: asyncio.Event | None = None
    ) -> Completed:
        """Return a command's result; Broken if the connection fails. `requested` is set once it has a session.

        A command from `greeting.marked` has no greeting in its output.
        """
        process = await self._start(command, requested or asyncio.Event(), with_input=bool(stdin))
        try:
            if stdin:
                with suppress(BrokenPipeError):  # it ended without reading all of its input: its status says how
                    process.stdin.write(stdin)
                    process.stdin.write_eof()
            on_stdout = on_output and AfterMark(on_output)
            out, err = await together(read_all(process.stdout, on_stdout), read_all(process.stderr, on_output))
            await process.wait_closed()
        except (asyncssh.Error, OSError) as error:
            raise Broken(_reason(error), started=True) from None
        finally:
            process.close()
            self._release()
        status = process.returncode
        if status is None:
            raise Broken("it closed before the command ended", started=True)
        text, errors = (part.decode(errors="replace") for part in (out, err))
        return Completed(status if status >= 0 else SIGNALLED - status, after_mark(text), errors)

    async def _start(
        self, command: str, requested: asyncio.Event, *, with_input: bool
    ) -> asyncssh.SSHClientProcess[bytes]:
        """Start the command in its own session; if the server refuses one, retry when another session has ended."""
        refusals = 0
        while True:
            await self._acquire()
            requested.set()
            opening = asyncio.ensure_future(
                self._connection.create_process(
                    command, stdin=asyncssh.PIPE if with_input else asyncssh.DEVNULL, encoding=None, request_pty=False
                )
            )
            try:
                return await asyncio.shield(opening)
            except asyncio.CancelledError:
                opening.add_done_callback(self._close_abandoned)
                raise
            except BaseException as error:
                self._release()
                if not isinstance(error, (asyncssh.Error, OSError)):
                    raise
                refusals += not self._sessions
                if not isinstance(error, asyncssh.ChannelOpenError) or self.closed or refusals > MAX_REFUSALS:
                    raise Broken(_reason(error), started=False) from None
                requested.clear()
                self._limit = max(1, self._sessions)
                if not self._sessions:
                    await asyncio.sleep(REFUSED_WAIT_S * refusals)

    async def _acquire(self) -> None:
        """Wait for a session below the limit; after RETRY_S, try one above it."""
        async with self._queue:
            while self._sessions >= self._limit:
                self._changed.clear()
                # Not wait_for: before Python 3.12 it can lose a cancellation that coincides with the event.
                retry = asyncio.get_running_loop().call_later(RETRY_S, self._raise_limit)
                try:
                    await self._changed.wait()
                finally:
                    retry.cancel()
            self._sessions += 1

    def _raise_limit(self) -> None:
        self._limit = self._sessions + 1
        self._changed.set()

    def _close_abandoned(self, opening: "asyncio.Future[asyncssh.SSHClientProcess[bytes]]") -> None:
        """Close the session of a cancelled caller, because asyncssh would keep it as long as the connection."""
        if not opening.cancelled() and opening.exception() is None:
            opening.result().close()
        self._release()

    def _release(self) -> None:
        self._sessions -= 1
        self._changed.set()
        if not self._sessions:
            self._limit = MAX_SESSIONS  # a hanging command that kept sessions on the server may have ended


async def connect(address: SshTarget, folder: Path, limit_s: float) -> Connection:
    """Log in with the keys, the config and the known hosts in `folder`; never prompts for a password."""
    return await Login(address, folder, limit_s).attempt(Login.connect)


_NO_REPLY = "Check that it is switched on and that firewalls allow ssh."


class Login:
    """One attempt to log in, with what is needed to explain its failure; without a password it uses only keys."""

    def __init__(self, address: SshTarget, folder: Path, limit_s: float, password: str = "") -> None:
        self.address = address
        self.folder = folder
        self.limit_s = limit_s
        self._password = password
        self.untrusted_key: asyncssh.SSHKey | None = None  # the host's key, if it is not trusted
        self.has_other_key = False  # known_hosts has another key of the host
        self._known_as = address.host

    async def attempt(self, step: Callable[["Login", float], Awaitable[T]]) -> T:
        """Call `step` with this login and a deadline; its errors become Failures."""
        deadline = time.monotonic() + self.limit_s
        try:
            return await within(self.limit_s, step(self, deadline))
        except asyncio.TimeoutError:
            raise self.failure(f"there was no reply within {self.limit_s:.0f} s", _NO_REPLY) from None
        except (asyncssh.Error, OSError, ValueError) as error:  # ValueError: an invalid config or key file
            raise self.explain(error) from None

    async def connect(self, deadline: float) -> Connection:
        """The connection, once the host key is verified and the user is authenticated."""
        options, known = await on_thread(self._read_files)
        self._known_as = known_as(options)
        options.update(known_hosts=known, client_factory=lambda: _Client(self, known))
        async with self.socket(options, deadline) as sock:
            return Connection(await asyncssh.connect(self.address.host, options.port, options=options, sock=sock))

    def _read_files(self) -> tuple[asyncssh.SSHClientConnectionOptions, asyncssh.SSHKnownHosts]:
        options = self.options()
        return options, known_hosts(options.known_hosts, self.folder)

    @asynccontextmanager
    async def socket(
        self, options: asyncssh.SSHClientConnectionOptions, deadline: float
    ) -> AsyncIterator[socket.socket | None]:
        """A connected socket, closed if the block fails; None if asyncssh must connect (tunnel, proxy command)."""
        sock = None
        if not (options.tunnel or options.proxy_command or options.local_addr):
            # asyncio resolves names on threads that would delay quitting.
            found = await on_thread(
                socket.getaddrinfo, options.host, options.port, int(options.family or 0), socket.SOCK_STREAM
            )
            sock = await _connect_first(found, deadline)
        try:
            yield sock
        except BaseException:
            if sock is not None:
                sock.close()
            raise

    def options(self) -> asyncssh.SSHClientConnectionOptions:
        """The options from ssh's config, the agent, the address and the password; blocks to read files."""
        AGENTS.use_newest()
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
        """The failure of a host that cannot be reached."""
        return Failure(f"{self.address} can't be reached over ssh", why, hint, detail=detail)

    def explain(self, error: Exception) -> Failure:
        """The failure for an error of asyncssh or the system."""
        text = str(error)
        if isinstance(error, asyncssh.HostKeyNotVerifiable):
            return self._untrusted(text)
        if isinstance(error, asyncssh.PermissionDenied) and self._password:
            return Failure(
                f"{self.address} did not accept the password",
                "it is wrong, or the server accepts no passwords for this login, as is usual for root",
                f"Try again, log in as a user with sudo rights, or run `ssh-copy-id {self.address.arguments}`.",
                detail=text,
            )
        if isinstance(error, asyncssh.PermissionDenied):
            return LoginRefused(
                f"{self.address} refused the login",
                "it accepts no key of ssh's folder or agent",
                f"`ssh-copy-id {self.address.arguments}` installs your key; "
                f"then `ssh {self.address.arguments}` must work without a password.",
                detail=text,
            )
        if isinstance(error, asyncssh.KeyExchangeFailed) and "host key" in text.lower():
            return self._changed_key("its key has another type than the known one", text)
        if isinstance(error, socket.gaierror):
            hint = "Check the name in the configuration, or add it to /etc/hosts."
            return self.failure("its name cannot be resolved", hint, text)
        if isinstance(error, (ConnectionRefusedError, TimeoutError)) or (isinstance(error, OSError) and error.errno):
            return self._unreachable(error)
        if isinstance(error, asyncssh.Error):
            return self.failure(_reason(error), NO_SSH_SERVER, text)
        return Failure("ssh's own files cannot be used", text, f"Check {self.folder} and {SYSTEM_CONFIG}.", detail=text)

    def _unreachable(self, error: OSError) -> Failure:
        if isinstance(error, ConnectionRefusedError):
            return self.failure("connection refused", "Check that its ssh server runs.", str(error))
        if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
            return self.failure("no route to host", "Check that it is switched on and the network is up.", str(error))
        if isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
            return self.failure("there was no reply", _NO_REPLY, str(error))
        return self.failure(_reason(error), "", str(error))

    def _untrusted(self, text: str) -> Failure:
        key = self.untrusted_key.get_fingerprint() if self.untrusted_key else "unusable"
        if self.has_other_key:
            return self._changed_key(f"its key is {key}", text)
        return UntrustedHost(
            f"{self.address}'s host key is not known",
            f"its key is {key}, and known_hosts has no key for it",
            f"Log in once with `ssh {self.address.arguments}` and compare the fingerprint.",
            detail=text,
        )

    def _changed_key(self, why: str, text: str) -> Failure:
        return UntrustedHost(
            f"{self.address}'s host key is not the one in known_hosts",
            f"{why}; {CHANGED_KEY_WHY}",
            f"If you know why: `ssh-keygen -R {shlex.quote(self._known_as)}`, "
            f"then log in once with `ssh {self.address.arguments}`.",
            detail=text,
        )


class _Client(asyncssh.SSHClient):
    """Records the key of an untrusted host for the failure."""

    def __init__(self, login: Login, known: asyncssh.SSHKnownHosts) -> None:
        self._login = login
        self._known = known

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Reject the key: asyncssh calls this only for a key that known_hosts does not have."""
        self._login.untrusted_key = key
        self._login.has_other_key = bool(self._known.match(host, addr, port if port != USUAL_PORT else None)[0])
        return False


async def _connect_first(found: Sequence[Any], deadline: float) -> socket.socket:
    """A socket connected to the first address that accepts; the addresses share the time until the deadline."""
    loop = asyncio.get_running_loop()
    last: OSError = OSError(errno.EHOSTUNREACH, "no address")
    for number, (family, kind, protocol, _, address) in enumerate(found):
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            share = (deadline - time.monotonic()) / (len(found) - number)
            await within(share, loop.sock_connect(sock, address))
        except (OSError, asyncio.TimeoutError) as error:
            sock.close()
            timed_out = isinstance(error, asyncio.TimeoutError) and not str(error)
            last = TimeoutError(errno.ETIMEDOUT, "timed out") if timed_out else error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise last


def _reason(error: Exception) -> str:
    """The error's text as the second half of a sentence."""
    text = str(error).strip().rstrip(".") or type(error).__name__
    return text[:1].lower() + text[1:]
