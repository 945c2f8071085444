"""Adds a host to config.toml for the form of the Hosts page, and tries its login first."""

from collections.abc import Callable
from pathlib import Path

from tui.app.host_table import append, check
from tui.core.failure import Failure, WrongField
from tui.core.protocols import Shell
from tui.core.ssh_target import parse_target

OpenShell = Callable[[str], Shell]


async def login(open_shell: OpenShell, ssh: str) -> Failure | None:
    """Why the app can't log in; None if it can."""
    shell = open_shell(ssh)
    try:
        (await shell.run(["true"])).output(f"A command on {ssh} failed")
    except Failure as failure:
        return failure
    finally:
        await shell.close()
    return None


class AddHost:
    """The configuration at `path`, to which a host is appended; `why_not` and `reload` are those of the form."""

    def __init__(
        self, path: Path, open_shell: OpenShell, why_not: Callable[[], str], reload: Callable[[], None]
    ) -> None:
        self._path = path
        self._open_shell = open_shell
        self.why_not = why_not
        self.reload = reload

    async def add(self, name: str, keys: dict[str, str | tuple[str, ...]], *, try_login: bool) -> None:
        """Append [hosts.NAME]; Failure if it would not be correct, or if the app can't log in there."""
        ssh = str(keys.get("ssh", ""))
        try:
            parse_target(ssh)
        except (Failure, ValueError) as error:
            raise WrongField("ssh", f'"{ssh}" is not [USER@]HOST[:PORT]') from error
        check(self._path, name, keys)
        failure = await login(self._open_shell, ssh) if try_login else None
        if failure is not None:
            raise failure
        append(self._path, name, keys)
