"""Many ssh servers on loopback in a process of their own: `python -m tests.bench.ssh_servers FOLDER COUNT`.

FOLDER becomes an ssh folder with a login for them. Each replies with a host's facts or the time and runs no process,
because real hosts run theirs elsewhere. Prints the ports in one line, and ends at the end of its input.
"""

import asyncio
import sys
import time
from pathlib import Path

import asyncssh

from tests.fake_hosts import SYSTEM, login_read
from tui.core.threads import on_thread


async def main(folder: Path, count: int) -> None:
    """Serves until the input ends."""
    host_key, user_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    user_key.write_private_key(folder / "id_ed25519")
    allowed = user_key.export_public_key().decode()
    servers = [
        await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[host_key],
            authorized_client_keys=asyncssh.import_authorized_keys(allowed), process_factory=_reply,
        )
        for _ in range(count)
    ]  # fmt: skip
    ports = [server.get_port() for server in servers]
    public = host_key.export_public_key().decode().strip()
    (folder / "known_hosts").write_text("".join(f"[127.0.0.1]:{port} {public}\n" for port in ports))
    print(*ports, flush=True)
    await on_thread(sys.stdin.read)
    for server in servers:
        server.close()


def _reply(process: "asyncssh.SSHServerProcess[str]") -> None:
    known = login_read(SYSTEM.format(name="host")) if "uname -n" in (process.command or "") else f"{time.time()}\n"
    process.stdout.write(known)
    process.exit(0)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
