"""The first login to a host: its key is looked at and trusted, and with a password the user's own key is authorised."""

import asyncio
import os
import shlex
import socket
from pathlib import Path

import asyncssh

from tui.adapters.ssh.address import ssh_folder
from tui.adapters.ssh.broken import Broken
from tui.adapters.ssh.connection import Login, connect
from tui.adapters.ssh.known_hosts import USUAL_PORT, append, known_as, known_hosts, known_hosts_files
from tui.adapters.ssh.shell import CONNECT_LIMIT_S
from tui.core.command import Completed
from tui.core.failure import Failure, UntrustedHost
from tui.core.ssh_key import KEY_NAMES, HostKey
from tui.core.ssh_target import parsed
from tui.core.threads import on_thread

COMMAND_LIMIT_S = 20.0

# $1 is the line. `tail` finds a last line without its end, which ours would be glued to.
AUTHORIZE = """
set -eu
umask 077
folder=$HOME/.ssh file=$HOME/.ssh/authorized_keys
[ -d "$folder" ] || mkdir "$folder"
[ -e "$file" ] || : > "$file"
! grep -qxF -- "$1" "$file" || exit 0
[ -z "$(tail -c 1 -- "$file")" ] || echo >> "$file"
printf '%s\\n' "$1" >> "$file"
"""


class SshFirstLogin:
    """For the host at an ssh address; `folder` holds the user's keys, config and known_hosts."""

    def __init__(self, address: str, *, folder: Path | None = None, connect_limit_s: float = CONNECT_LIMIT_S) -> None:
        self._address = parsed(address)
        self._folder = folder or ssh_folder()
        self._limit_s = connect_limit_s

    async def host_key(self) -> HostKey:
        """The key that it shows, of the kind that ssh likes best."""
        shown = await self._login().within(_shown)
        kind, blob = shown.export_public_key().decode().split()[:2]
        return HostKey(kind, blob)

    async def trust(self, fingerprint: str) -> None:
        """Adds exactly that key to the user's known_hosts."""
        shown = await self._login().within(_shown)
        if shown.get_fingerprint() != fingerprint:
            raise UntrustedHost(
                f"{self._address} shows another host key now",
                f"it was {fingerprint}, and now it is {shown.get_fingerprint()}",
                "Find out why before you trust either.",
            )
        await on_thread(self._take_up, shown)

    async def authorize(self, password: str) -> None:
        """Leaves one line more in the host's authorized_keys, and sees that the key gets in."""
        line = await on_thread(self._own_key)
        done = await self._with_password(password, shlex.join(["sh", "-c", AUTHORIZE, "sh", line]))
        if done.status:
            raise Failure(
                f"The key could not be added on {self._address}", done.stderr.strip(), detail=done.stdout + done.stderr
            )
        (await connect(self._address, self._folder, self._limit_s)).close()

    def _login(self, password: str = "") -> Login:
        return Login(self._address, self._folder, self._limit_s, password)

    async def _with_password(self, password: str, command: str) -> Completed:
        connection = await self._login(password).within(Login.connect)
        try:
            return await asyncio.wait_for(connection.run(command, b""), COMMAND_LIMIT_S)
        except (Broken, asyncio.TimeoutError) as trouble:
            why = str(trouble) or f"it did not end within {COMMAND_LIMIT_S:.0f} s"
            raise Failure(f"The key could not be added on {self._address}", why, "Try again.") from None
        finally:
            connection.close()

    def _take_up(self, shown: asyncssh.SSHKey) -> None:
        """The line in known_hosts, unless it is there; never beside another key of the same host."""
        options = self._login().options()
        name = options.host_key_alias or options.host
        named = known_as(options)
        known = known_hosts(options.known_hosts, self._folder)
        others = known.match(name, "", None if options.port == USUAL_PORT else options.port)[0]
        if shown in others:
            return
        if others:
            raise UntrustedHost(
                f"{self._address} is known by another host key",
                "either the host was set up anew, or something pretends to be it",
                f"If you know why: `ssh-keygen -R {shlex.quote(named)}`, then trust the new one.",
            )
        line = f"{named} {shown.export_public_key().decode().strip()}\n"
        append(known_hosts_files(options.known_hosts, self._folder)[0], line)

    def _own_key(self) -> str:
        """The public half of a key that needs no passphrase, made where there is none."""
        options = self._login().options()
        configured = options.config.get("IdentityFile")
        paths = [Path(str(each)).expanduser() for each in configured] if isinstance(configured, list) else []
        for path in paths or [self._folder / name for name in KEY_NAMES]:
            if path.is_file() and (line := _public_line(path)):
                return line
        free = next((path for name in KEY_NAMES if not (path := self._folder / name).exists()), None)
        if paths or free is None:
            raise Failure(
                f"There is no key to log in to {self._address} with",
                f"those of {paths[0].parent if paths else self._folder} can't be used: they may ask for a passphrase",
                "Make one without: `ssh-keygen`, and name it in ssh's config.",
            )
        return _made(free)


async def _shown(login: Login, deadline: float) -> asyncssh.SSHKey:
    """The host's key, with nothing said about who we are."""
    options = await on_thread(login.options)
    async with login.socket(options, deadline) as sock:
        key = await asyncssh.get_server_host_key(options=options, sock=sock)
    if key is None:
        raise login.failure("it shows no host key", "Is that an ssh server?")
    return key


def _public_line(path: Path) -> str:
    """ "" where the key can't be used: a passphrase that nobody is asked for, or no key at all."""
    try:
        key = asyncssh.read_private_key(path)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, OSError):
        return ""
    return str(key.export_public_key().decode().strip())


def _made(path: Path) -> str:
    """A new key at `path`, which nothing is at; its public half."""
    kinds = {"id_ed25519": "ssh-ed25519", "id_ecdsa": "ecdsa-sha2-nistp256", "id_rsa": "ssh-rsa"}
    key = asyncssh.generate_private_key(kinds[path.name], comment=f"vmlm-tui on {socket.gethostname()}")
    line = str(key.export_public_key().decode().strip())
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key.export_private_key())
        path.with_name(f"{path.name}.pub").write_text(f"{line}\n")
    except OSError as error:
        raise Failure(f"{path} could not be made", error.strerror or str(error)) from error
    return line
