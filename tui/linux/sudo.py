"""Commands as root on the configured hosts: as they are where the login is root's, else through sudo."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence

from tui.core.command import Completed
from tui.core.failure import Failure, PasswordNeeded
from tui.core.protocols import Shell

Hear = Callable[[str], None]

# Every answer is parsed: no translation, and the folders of root's programs whatever the login's PATH is.
ENVIRONMENT = ("env", "LC_ALL=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
PLAIN, FREE, WITH_PASSWORD = "plain", "free", "with a password"
RUNS = "vmlm-tui: runs as root\n"  # printed before the command's own output; without it, sudo did not run the command
PROMPT = "vmlm-tui: password"
TRY_LIMIT_S = 30.0
PRINTED = 60  # characters of a greeting that are shown
REJECTED = "vmlm-tui: sudo asked for the password again"

# $0 is a process whose descriptor 3 is the command's input, "" where the command has sudo's.
AS_ROOT = f"""
printf %s "{RUNS}"
[ -n "$0" ] || exec "$@"
printf %s "{RUNS}" >&2
exec "$@" < "/proc/$0/fd/3"
"""

# The first line of the input is the password, the rest is the command's; $@ is AS_ROOT and the command.
# sudo asks up to three times, and PAM counts each time, even where the input has ended. So sudo's input (4) stays open
# behind the password (5), and sudo is killed when it prompts again: before it has accepted a password it has the real
# ID of the user, who may kill it. The command does not get sudo's input, because the password is still in it where
# sudo did not ask for one. Each `: |` makes a pipe, and opening /proc/self/fd/0 gives its other end.
ASK = f"""
watch() {{
  exec 7>&-
  IFS= read -r sudo
  prompts=0
  while IFS= read -r line; do
    case $line in
      *"{RUNS.strip()}") break ;;
      *"{PROMPT}"*) prompts=$((prompts + 1)) ;;
      *) printf '%s\\n' "$line" ;;
    esac
    [ "$prompts" = 2 ] || continue
    echo "{REJECTED}"
    kill -9 "$sudo" || exec 5>&-
    break
  done
  exec cat
}}
cat | {{
  IFS= read -r password
  exec 3<&0
  : | {{
    exec 4<&0 5>/proc/self/fd/0
    printf '%s\\n' "$password" >&5
    : | {{
      exec 6<&0 7>/proc/self/fd/0
      watch <&6 >&2 &
      exec 5>&-
      sh -c 'echo "$$" >&2; exec sudo -k -S -p "{PROMPT}
" -- sh -c "$0" "$PPID" "$@"' "$@" <&4 2>&7 7>&-
      status=$?
      exec 7>&-
      wait
      exit "$status"
    }}
  }}
}}
"""


class Sudo:
    """Root on each host, by the host's role; passwords are kept in memory only, and asked for by whoever uses this.

    `wanted` are the hosts on which nothing can be done without a password, each with what sudo said last.
    """

    def __init__(self, shell: Callable[[str], Shell]) -> None:
        self._shell = shell
        self._ways: dict[str, str] = {}  # by host: PLAIN, FREE or WITH_PASSWORD
        self._passwords: dict[str, str] = {}
        self._attempts: dict[str, asyncio.Future[str]] = {}
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
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
        on_output: Callable[[str], None] | None = None,
    ) -> Completed:
        """What the command answered; PasswordNeeded or another Failure where it can't be run as root."""
        way = self._ways.get(host) or await self._way(host)
        data = stdin.encode(errors="surrogateescape") if isinstance(stdin, str) else stdin
        if way == PLAIN:
            return await self._shell(host).run([*ENVIRONMENT, *argv], stdin=data, timeout=timeout, on_output=on_output)
        through = self._free if way == FREE else self._with_password
        return await through(host, argv, data, timeout, on_output)

    async def _free(
        self, host: str, argv: Sequence[str], data: bytes, timeout: float, on_output: Hear | None
    ) -> Completed:
        sudo = [*ENVIRONMENT, "sudo", "-n", "--", "sh", "-c", AS_ROOT, "", *ENVIRONMENT, *argv]
        done = await self._shell(host).run(sudo, stdin=data, timeout=timeout, on_output=_Start(on_output).on_output)
        return self._result(host, None, done)

    async def _with_password(
        self, host: str, argv: Sequence[str], data: bytes, timeout: float, on_output: Hear | None
    ) -> Completed:
        """Callers take turns until sudo has accepted the password, so that a wrong one is tried only once."""
        turn = self._turns[host]
        await turn.acquire()
        start = _Start(on_output, turn.release)
        try:
            password = self._passwords.get(host)
            if password is None:  # sudo has rejected it while this waited
                raise self.wanted.get(host) or _wants(host)
            sudo = [*ENVIRONMENT, "sh", "-c", ASK, "sh", AS_ROOT, *ENVIRONMENT, *argv]
            line = f"{password}\n".encode()
            done = await self._shell(host).run(sudo, stdin=line + data, timeout=timeout, on_output=start.on_output)
            return self._result(host, password, done)
        finally:
            start.over()

    def _result(self, host: str, password: str | None, done: Completed) -> Completed:
        """What the command itself answered; Failure where sudo did not run it."""
        _, runs, out = done.stdout.partition(RUNS)
        if runs:
            return Completed(done.status, out, done.stderr)
        failure = _refusal(host, done, with_password=password is not None)
        if self._passwords.get(host) == password:  # none was given meanwhile
            self._ways.pop(host, None)
            if isinstance(failure, PasswordNeeded):
                self._passwords.pop(host, None)
                if failure.why or host not in self.wanted:
                    self.wanted[host] = failure  # that one was wrong stays said until another is given
        raise failure

    async def _way(self, host: str) -> str:
        """How root is reached there; all who ask meanwhile share the answer."""
        attempt = self._attempts.get(host)
        if attempt is None:
            attempt = self._attempts[host] = asyncio.ensure_future(self._find_way(host))
            attempt.add_done_callback(lambda done: self._attempted(host, done))
        return await asyncio.shield(attempt)

    def _attempted(self, host: str, attempt: "asyncio.Future[str]") -> None:
        """Keep the way, unless a password was given meanwhile."""
        failed = attempt.cancelled() or attempt.exception() is not None
        if self._attempts.get(host) is not attempt:
            return
        del self._attempts[host]
        if not failed:
            self._ways[host] = attempt.result()
            self.wanted.pop(host, None)

    async def _find_way(self, host: str) -> str:
        """Found out once, and again after sudo has refused or a password was given."""
        if await self._user_id(host) == "0":
            return PLAIN
        for way, through in ((FREE, self._free), (WITH_PASSWORD, self._with_password)):
            try:
                await through(host, ["true"], b"", TRY_LIMIT_S, None)
            except PasswordNeeded:
                if way == WITH_PASSWORD or host not in self._passwords:
                    raise
            else:
                break
        return way

    async def _user_id(self, host: str) -> str:
        """The login's; Failure where its shell prints something before, which would be in front of every answer."""
        done = await self._shell(host).run([*ENVIRONMENT, "id", "-u"])
        printed = done.stdout.strip().rstrip("0123456789").strip()
        if printed:
            raise Failure(
                f"The answers of {host} can't be read",
                f'there is output before them: the shell of the login prints "{printed.splitlines()[0][:PRINTED]}"',
                "Remove what prints it, often a line in ~/.bashrc there, or move that line behind "
                "`[[ $- == *i* ]] || return`. libvirt over ssh fails because of it, too.",
                detail=done.stdout,
            )
        return done.stdout.strip()


class _Start:
    """Passes on what a command prints once it runs as root; `over` is then called, once."""

    def __init__(self, on_output: Hear | None, over: Callable[[], None] = lambda: None) -> None:
        self._on_output, self._over = on_output, over
        self._before, self._runs, self._ended = "", False, False

    def on_output(self, text: str) -> None:
        if not self._runs:
            self._before, runs, text = (self._before + text).partition(RUNS)
            self._runs = bool(runs)
        if self._runs:
            self.over()
            if text and self._on_output is not None:
                self._on_output(text)

    def over(self) -> None:
        if not self._ended:
            self._ended = True
            self._over()


def _wants(host: str, detail: str = "") -> PasswordNeeded:
    return PasswordNeeded(host, f"sudo on {host} wants a password", "", detail=detail)


def _refusal(host: str, done: Completed, *, with_password: bool) -> Failure:
    """Why sudo did not run a command, by what it said."""
    text = done.stderr.lower()
    why, hint = "", ""
    if done.status == 127:
        why = "the login is not root's, and sudo is not installed there"
        hint = "Log in as root in the configuration, or install sudo."
    elif any(words in text for words in ("not in the sudoers", "may not run sudo", "not allowed to")):
        why = "sudo does not let this login do it"
        hint = "Log in as root or as somebody with the right to use sudo."
    elif not with_password:
        return _wants(host, done.stderr)
    elif REJECTED in done.stderr or "incorrect" in text:
        return PasswordNeeded(host, f"sudo on {host} did not take the password", "it is wrong", detail=done.stderr)
    else:
        said = done.stderr.strip().splitlines()
        why = f"sudo failed: {said[-1]}" if said else f"sudo ended with status {done.status} and said nothing"
        hint = "Try `sudo true` in a shell there."
    return Failure(f"Nothing can be done as root on {host}", why, hint, detail=done.stderr)
