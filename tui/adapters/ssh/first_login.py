"""The first login to a host: read and trust its key, then use a password once to authorise the user's own key."""

import asyncio
import os
import shlex
import socket
from pathlib import Path

import asyncssh

from tui.adapters.ssh.connection import CHANGED_KEY_WHY, NO_SSH_SERVER, Login, connect
from tui.adapters.ssh.known_hosts import USUAL_PORT, append, known_as, known_hosts, known_hosts_files
from tui.adapters.ssh.shell import CONNECT_LIMIT_S, Broken, ssh_folder
from tui.core.command import Completed
from tui.core.failure import Failure, UntrustedHost
from tui.core.limit import within
from tui.core.ssh_key import KEY_NAMES, HostKey
from tui.core.ssh_target import parse_target
from tui.core.threads import on_thread

COMMAND_LIMIT_S = 20.0

# $1 is the line to add. `tail` detects a last line without a newline, to which the line would be appended.
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
    """FirstLogin for the host at an ssh address; `folder` holds the user's keys, config and known_hosts."""

    def __init__(self, address: str, *, folder: Path | None = None, connect_limit_s: float = CONNECT_LIMIT_S) -> None:
        self._address = parse_target(address)
        self._folder = folder or ssh_folder()
        self._limit_s = connect_limit_s

    async def host_key(self) -> HostKey:
        """The host's key, of the type that ssh prefers."""
        key = await self._login().attempt(_host_key)
        kind, blob = key.export_public_key().decode().split()[:2]
        return HostKey(kind, blob)

    async def trust(self, fingerprint: str) -> None:
        """Add the host's key to the user's known_hosts if it still has this fingerprint."""
        key = await self._login().attempt(_host_key)
        if key.get_fingerprint() != fingerprint:
            raise UntrustedHost(
                f"{self._address} has another host key now",
                f"it was {fingerprint}, and now it is {key.get_fingerprint()}",
                "Find out why before you trust either.",
            )
        await on_thread(self._add_known, key)

    async def authorize(self, password: str) -> None:
        """Add the user's key to the host's authorized_keys, then log in with it once."""
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
        connection = await self._login(password).attempt(Login.connect)
        try:
            return await within(COMMAND_LIMIT_S, connection.run(command, b""))
        except (Broken, asyncio.TimeoutError) as error:
            why = str(error) or f"the command did not finish within {COMMAND_LIMIT_S:.0f} s"
            raise Failure(f"The key could not be added on {self._address}", why, "Try again.") from None
        finally:
            connection.close()

    def _add_known(self, key: asyncssh.SSHKey) -> None:
        """Add the key to known_hosts unless it is there; Failure if another key of the host is there."""
        options = self._login().options()
        name = options.host_key_alias or options.host
        named = known_as(options)
        known = known_hosts(options.known_hosts, self._folder)
        known_keys = known.match(name, "", None if options.port == USUAL_PORT else options.port)[0]
        if key in known_keys:
            return
        if known_keys:
            raise UntrustedHost(
                f"known_hosts has another host key of {self._address}",
                CHANGED_KEY_WHY,
                f"If you know why: `ssh-keygen -R {shlex.quote(named)}`, then trust the new key.",
            )
        line = f"{named} {key.export_public_key().decode().strip()}\n"
        append(known_hosts_files(options.known_hosts, self._folder)[0], line)

    def _own_key(self) -> str:
        """The public half of a key without a passphrase; a new key if there is none."""
        options = self._login().options()
        configured = options.config.get("IdentityFile")
        paths = [Path(str(each)).expanduser() for each in configured] if isinstance(configured, list) else []
        for path in paths or [self._folder / name for name in KEY_NAMES]:
            if path.is_file() and (line := _public_line(path)):
                return line
        free = next((path for name in KEY_NAMES if not (path := self._folder / name).exists()), None)
        if paths or free is None:
            raise Failure(
                f"There is no key to log in to {self._address}",
                f"the keys in {paths[0].parent if paths else self._folder} cannot be used; they may have a passphrase",
                "Create a key without one (`ssh-keygen`), and name it in ssh's config.",
            )
        return _create_key(free)


# In the order of OpenSSH's client, so that its users see the fingerprint that it would show.
HOST_KEYS = (
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256",
    "ssh-rsa",
)  # fmt: skip


async def _host_key(login: Login, deadline: float) -> asyncssh.SSHKey:
    """The host's key, read without authentication."""
    options = await on_thread(login.options)
    async with login.socket(options, deadline) as sock:
        key = await asyncssh.get_server_host_key(options=options, sock=sock, server_host_key_algs=HOST_KEYS)
    if key is None:
        raise login.failure("it has no host key", NO_SSH_SERVER)
    return key


def _public_line(path: Path) -> str:
    """The public half of a private key; "" if it has a passphrase or is not a key."""
    try:
        key = asyncssh.read_private_key(path)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, OSError):
        return ""
    return str(key.export_public_key().decode().strip())


def _create_key(path: Path) -> str:
    """Create a key at `path`, where no file may exist; returns its public half."""
    kinds = {"id_ed25519": "ssh-ed25519", "id_ecdsa": "ecdsa-sha2-nistp256", "id_rsa": "ssh-rsa"}
    key = asyncssh.generate_private_key(kinds[path.name], comment=f"vmlm-tui on {socket.gethostname()}")
    line = str(key.export_public_key().decode().strip())
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key.export_private_key())
        path.with_name(f"{path.name}.pub").write_text(f"{line}\n")
    except OSError as error:
        raise Failure(f"{path} could not be created", error.strerror or str(error)) from error
    return line
