"""Commands as root on the configured hosts: as they are where the login is root's, else through sudo."""

import asyncio
from collections.abc import Callable, Sequence

from tui.core.command import Completed
from tui.core.failure import Failure
from tui.core.protocols import Shell

# Every answer is parsed: no translation, and the folders of root's programs whatever the login's PATH is.
ENVIRONMENT = ("env", "LC_ALL=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
PLAIN, FREE, WITH_PASSWORD = "plain", "free", "with a password"
READY = "vmlm-tui: password read"
# sudo takes the password from standard input, unless it asks for none after all: then this skips it, so that it
# never becomes part of what the command reads.
AFTER_PASSWORD = f'while IFS= read -r line; do [ "$line" != "{READY}" ] || exec "$@"; done; exit 1'


class PasswordNeeded(Failure):
    """sudo on `host` wants a password, and none is known, or the known one is wrong."""

    def __init__(self, host: str, what: str, why: str, *, detail: str = "") -> None:
        super().__init__(what, why, "Give the password, or log in as root in the configuration.", detail=detail)
        self.host = host


class Root:
    """Root on each host, by the host's role; passwords are kept in memory only, and asked for by whoever uses this.

    `wanted` are the hosts on which nothing can be done without a password, each with what sudo said last.
    """

    def __init__(self, shell: Callable[[str], Shell]) -> None:
        self._shell = shell
        self._ways: dict[str, str] = {}  # by host: PLAIN, FREE or WITH_PASSWORD
        self._passwords: dict[str, str] = {}
        self._attempts: dict[str, asyncio.Future[str]] = {}
        self.wanted: dict[str, PasswordNeeded] = {}

    def give_password(self, host: str, password: str) -> None:
        """Use it for sudo on that host from now on."""
        self._passwords[host] = password
        self._ways.pop(host, None)
        self._attempts.pop(host, None)
        self.wanted.pop(host, None)

    async def run(
        self,
        host: str,
        argv: Sequence[str],
        *,
        stdin: str | bytes = "",
        timeout: float = 30.0,
        hear: Callable[[str], None] | None = None,
    ) -> Completed:
        """What the command answered; PasswordNeeded or another Failure where it can't be run as root."""
        way = self._ways.get(host) or await self._way(host)
        data = stdin.encode(errors="surrogateescape") if isinstance(stdin, str) else stdin
        words = [*ENVIRONMENT, *argv]
        if way == FREE:
            words = [*ENVIRONMENT, "sudo", "-n", "--", *words]
        elif way == WITH_PASSWORD:
            words, data = self._with_password(host, words, data)
        return await self._shell(host).run(words, stdin=data, timeout=timeout, hear=hear)

    def _with_password(self, host: str, words: Sequence[str], data: bytes) -> tuple[list[str], bytes]:
        # -k: a password that sudo remembers would leave ours to the command.
        sudo = [*ENVIRONMENT, "sudo", "-k", "-S", "-p", "", "--", "sh", "-c", AFTER_PASSWORD, "sh", *words]
        return sudo, f"{self._passwords[host]}\n{READY}\n".encode() + data

    async def _way(self, host: str) -> str:
        """How root is reached there; all who ask meanwhile share the answer: a wrong password is not tried twice."""
        attempt = self._attempts.get(host)
        if attempt is None:
            attempt = self._attempts[host] = asyncio.ensure_future(self._find_way(host))
            attempt.add_done_callback(lambda done: self._attempted(host, done))
        return await asyncio.shield(attempt)

    def _attempted(self, host: str, attempt: "asyncio.Future[str]") -> None:
        """Keep what came of it, unless a password was given meanwhile."""
        failure = None if attempt.cancelled() else attempt.exception()
        if self._attempts.get(host) is not attempt:
            return
        del self._attempts[host]
        if failure is None:
            self.wanted.pop(host, None)
        elif isinstance(failure, PasswordNeeded) and (failure.why or host not in self.wanted):
            self.wanted[host] = failure  # that one was wrong stays said until another is given

    async def _find_way(self, host: str) -> str:
        """Found out once, and again after a password was given."""
        shell = self._shell(host)
        if (await shell.run([*ENVIRONMENT, "id", "-u"])).stdout.strip() == "0":
            way = PLAIN
        else:
            tried = await shell.run([*ENVIRONMENT, "sudo", "-n", "--", "true"])
            way = FREE if tried.status == 0 else await self._way_with_password(host, tried)
        self._ways[host] = way
        return way

    async def _way_with_password(self, host: str, tried: Completed) -> str:
        """WITH_PASSWORD where the known password opens the way; else a Failure that says what is in it."""
        if tried.status == 127:
            raise Failure(
                f"Nothing can be done as root on {host}",
                "the login is not root's, and sudo is not installed there",
                "Log in as root in the configuration, or install sudo.",
                detail=tried.stderr,
            )
        if host not in self._passwords:
            _no_right(host, tried)
            raise PasswordNeeded(host, f"sudo on {host} wants a password", "", detail=tried.stderr)
        password = self._passwords[host]
        words, data = self._with_password(host, ["true"], b"")
        tried = await self._shell(host).run(words, stdin=data)
        if tried.status == 0:
            return WITH_PASSWORD
        _no_right(host, tried)
        if self._passwords.get(host) == password:
            del self._passwords[host]
        raise PasswordNeeded(host, f"sudo on {host} did not take the password", "it is wrong", detail=tried.stderr)


def _no_right(host: str, tried: Completed) -> None:
    """Raises where sudo says that no password would help."""
    text = tried.stderr.lower()
    if any(words in text for words in ("not in the sudoers", "may not run sudo", "not allowed to")):
        raise Failure(
            f"Nothing can be done as root on {host}",
            "sudo does not let this login do it",
            "Log in as root or as somebody with the right to use sudo.",
            detail=tried.stderr,
        )
