"""Reads QEMU's log and the refusals of AppArmor and SELinux on both hosts, one script a host."""

import asyncio
from collections.abc import Mapping

from tui.core.connections import Connections
from tui.core.failure import Failure, as_failure
from tui.core.limit import within
from tui.core.log import log
from tui.core.together import together
from tui.linux.sudo import Sudo
from tui.migration.model.ending.host_log import SCRIPT, HostLog, parse

LIMIT_S = 8.0  # for both hosts: one that does not respond must not delay the result for long


class HostLogs:
    """Runs as root where that needs no password, else as the login, which may read less."""

    def __init__(self, connections: Connections, sudo: Sudo) -> None:
        self._connections = connections
        self._sudo = sudo

    async def read(self, names: Mapping[str, str], uuid: str, seconds: float) -> tuple[HostLog, HostLog]:
        """What both hosts wrote within the last seconds; `names` are those of the VM, by host. Never raises Failure."""
        found = (self._of(host, name, uuid, int(seconds) + 1) for host, name in names.items())
        first, second = await together(*found)
        return first, second

    async def _of(self, host: str, name: str, uuid: str, seconds: int) -> HostLog:
        try:
            output = await within(LIMIT_S, self._run(host, name, seconds))
        except asyncio.TimeoutError:
            why = f"{host} did not respond within {LIMIT_S:.0f} s"
        except Exception as error:  # noqa: BLE001  # the record must get an end
            why = as_failure(f"The log of {name} on {host} was not read", error).reason
            log.info("%s", why)
        else:
            return parse(host, uuid, seconds, output)
        return HostLog(host, "", qemu_why=why, denials_why=why)

    async def _run(self, host: str, name: str, seconds: int) -> str:
        session = "session" if self._connections.config.hosts[host].libvirt.endswith("/session") else "system"
        command = ["sh", "-c", SCRIPT, "sh", name, str(seconds), session]
        if session == "system":
            try:
                return (await self._sudo.run(host, command, timeout=LIMIT_S)).stdout
            except Failure as failure:
                log.info("The log of %s on %s is read without root: %s", name, host, failure)
        return (await self._connections.shell(host).run(["env", "LC_ALL=C.UTF-8", *command], timeout=LIMIT_S)).stdout
