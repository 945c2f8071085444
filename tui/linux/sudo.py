"""Runs commands as root on the configured hosts: directly if the login is root's, else through sudo."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence

from tui.core.command import Completed, OnOutput
from tui.core.failure import Failure, PasswordNeeded
from tui.core.protocols import Shell

# Untranslated output, because it is parsed, and the folders of root's programs whatever the login's PATH is.
ENVIRONMENT = ("env", "LC_ALL=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
PLAIN, FREE, WITH_PASSWORD = "plain", "free", "with a password"
RUNS = "vmlm-tui: runs as root\n"  # printed before the command's own output; without it, sudo did not run the command
PROMPT = "vmlm-tui: password"
TRY_LIMIT_S = 30.0
REJECTED = "vmlm-tui: sudo asked for the password again"

# $0 is a process whose descriptor 3 is the command's input, or empty if the command has sudo's input.
AS_ROOT = f"""
printf %s "{RUNS}"
[ -n "$0" ] || exec "$@"
printf %s "{RUNS}" >&2
exec "$@" < "/proc/$0/fd/3"
"""

# The first line of the input is the password, the rest is the command's; $@ is AS_ROOT and the command.
# sudo prompts up to three times, and PAM counts each attempt, even after the end of the input. So sudo's input (4)
# stays open after the password (5), and the script kills sudo when it prompts again: until it has accepted a password
# it has the user's real ID, so the user may kill it. The command does not get sudo's input, which still contains the
# password if sudo did not prompt. Each `: |` makes a pipe, and opening /proc/self/fd/0 gives its other end.
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
    """Root on each host; keeps passwords in memory only. `wanted`: hosts that need one, with the failure."""

    def __init__(self, shell: Callable[[str], Shell]) -> None:
        self._shell = shell
        self._methods: dict[str, str] = {}  # by host: PLAIN, FREE or WITH_PASSWORD
        self._passwords: dict[str, str] = {}
        self._attempts: dict[str, asyncio.Future[str]] = {}
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.wanted: dict[str, PasswordNeeded] = {}

    def give_password(self, host: str, password: str) -> None:
        """Sets the password for sudo on a host."""
        self._passwords[host] = password
        self._methods.pop(host, None)
        self._attempts.pop(host, None)
        self.wanted.pop(host, None)

    async def run(
        self,
        host: str,
        argv: Sequence[str],
        *,
        stdin: str | bytes = "",
        timeout: float = 30.0,
        on_output: OnOutput | None = None,
    ) -> Completed:
        """The result of the command; PasswordNeeded or another Failure if it can't run as root."""
        method = self._methods.get(host) or await self._method(host)
        data = stdin.encode(errors="surrogateescape") if isinstance(stdin, str) else stdin
        if method == PLAIN:
            return await self._shell(host).run([*ENVIRONMENT, *argv], stdin=data, timeout=timeout, on_output=on_output)
        run = self._free if method == FREE else self._with_password
        return await run(host, argv, data, timeout, on_output)

    async def _free(
        self, host: str, argv: Sequence[str], data: bytes, timeout: float, on_output: OnOutput | None
    ) -> Completed:
        sudo = [*ENVIRONMENT, "sudo", "-n", "--", "sh", "-c", AS_ROOT, "", *ENVIRONMENT, *argv]
        done = await self._shell(host).run(sudo, stdin=data, timeout=timeout, on_output=_Start(on_output).on_output)
        return self._result(host, None, done)

    async def _with_password(
        self, host: str, argv: Sequence[str], data: bytes, timeout: float, on_output: OnOutput | None
    ) -> Completed:
        """Callers wait until sudo has accepted or rejected the password, so that a wrong one is tried only once."""
        turn = self._turns[host]
        await turn.acquire()
        start = _Start(on_output, turn.release)
        try:
            password = self._passwords.get(host)
            if password is None:  # sudo has rejected it while this waited
                raise self.wanted.get(host) or _needs_password(host)
            sudo = [*ENVIRONMENT, "sh", "-c", ASK, "sh", AS_ROOT, *ENVIRONMENT, *argv]
            line = f"{password}\n".encode()
            done = await self._shell(host).run(sudo, stdin=line + data, timeout=timeout, on_output=start.on_output)
            return self._result(host, password, done)
        finally:
            start.over()

    def _result(self, host: str, password: str | None, done: Completed) -> Completed:
        """The result of the command itself; Failure if sudo did not run it."""
        _, runs, out = done.stdout.partition(RUNS)
        if runs:
            return Completed(done.status, out, done.stderr)
        failure = _refusal(host, done, with_password=password is not None)
        if password is None and self._methods.get(host) == FREE:
            del self._methods[host]  # so that the next command tries the password, if one is set
        if self._passwords.get(host) == password:  # no other password was set meanwhile
            self._methods.pop(host, None)
            if isinstance(failure, PasswordNeeded):
                self._passwords.pop(host, None)
                if failure.why or host not in self.wanted:  # "it is wrong" stays until another password is set
                    self.wanted[host] = failure
        raise failure

    async def _method(self, host: str) -> str:
        """How to run commands as root on the host; concurrent callers share one attempt."""
        attempt = self._attempts.get(host)
        if attempt is None:
            attempt = self._attempts[host] = asyncio.ensure_future(self._find_method(host))
            attempt.add_done_callback(lambda done: self._attempted(host, done))
        return await asyncio.shield(attempt)

    def _attempted(self, host: str, attempt: "asyncio.Future[str]") -> None:
        """Keeps the method, unless a password was set meanwhile."""
        failed = attempt.cancelled() or attempt.exception() is not None
        if self._attempts.get(host) is not attempt:
            return
        del self._attempts[host]
        if not failed:
            self._methods[host] = attempt.result()
            self.wanted.pop(host, None)

    async def _find_method(self, host: str) -> str:
        """Tries the methods; runs once, and again after sudo has failed or a password was set."""
        done = await self._shell(host).run([*ENVIRONMENT, "id", "-u"])
        if done.stdout.strip() == "0":
            return PLAIN
        for method, run in ((FREE, self._free), (WITH_PASSWORD, self._with_password)):
            try:
                await run(host, ["true"], b"", TRY_LIMIT_S, None)
            except PasswordNeeded:
                if method == WITH_PASSWORD or host not in self._passwords:
                    raise
            else:
                break
        return method


class _Start:
    """Forwards the output of a command once it runs as root; then calls `over`, once."""

    def __init__(self, on_output: OnOutput | None, over: Callable[[], None] = lambda: None) -> None:
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


def _needs_password(host: str, detail: str = "") -> PasswordNeeded:
    return PasswordNeeded(host, f"sudo on {host} requires a password", "", detail=detail)


def _refusal(host: str, done: Completed, *, with_password: bool) -> Failure:
    """Why sudo did not run a command, from its output."""
    text = done.stderr.lower()
    why, hint = "", ""
    if done.status == 127:
        why = "the login is not root's, and sudo is not installed there"
        hint = "Configure a login as root, or install sudo."
    elif any(words in text for words in ("not in the sudoers", "may not run sudo", "not allowed to")):
        why = "this login is not allowed to use sudo"
        hint = "Configure a login as root, or as a user who may use sudo."
    elif not with_password:
        return _needs_password(host, done.stderr)
    elif REJECTED in done.stderr or "incorrect" in text:
        return PasswordNeeded(host, f"sudo on {host} did not accept the password", "it is wrong", detail=done.stderr)
    else:
        printed = done.stderr.strip().splitlines()
        why = f"sudo failed: {printed[-1]}" if printed else f"sudo ended with status {done.status} and printed nothing"
        hint = "Try `sudo true` in a shell there."
    return Failure(f"Nothing can run as root on {host}", why, hint, detail=done.stderr)
