"""Connections to the configured hosts and the guest: opened on first use, shared, and reopened after they broke."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from tui.core import actions
from tui.core.aged import AgedFacts
from tui.core.failure import Failure
from tui.core.limit import within
from tui.core.protocols import Hypervisor, Shell
from tui.core.settings import Config
from tui.core.threads import on_thread, retrieve
from tui.core.turns import ShellInTurn, Turns

T = TypeVar("T")

OPEN_LIMIT_S = 15.0
REPLY_LIMIT_S = 35.0  # a daemon may wait 30 s for a busy VM's monitor
SILENT_LIMIT_S = (
    REPLY_LIMIT_S + OPEN_LIMIT_S
)  # `query` gives up a host that answers nothing: a call, and a new connection


class Connections:
    """One hypervisor connection and one shell per host, shared by all pages; see also MigrationConnections.

    `open_hypervisor` takes a libvirt URI, blocks and raises Failure. `open_shell` takes an ssh address, "" for this
    host, and returns at once.
    """

    def __init__(
        self, config: Config, open_hypervisor: Callable[[str], Hypervisor], open_shell: Callable[[str], Shell]
    ) -> None:
        self.config = config
        self.facts = AgedFacts()
        self._turns = Turns()
        self._open_hypervisor = open_hypervisor
        self._open_shell = open_shell
        self._hypervisors: dict[str, Hypervisor] = {}  # by URI
        self._attempts: dict[str, asyncio.Task[Hypervisor]] = {}
        self._shells: dict[str, Shell] = {}  # by address
        # Connection, code and subject of a query: since when (time.monotonic) none has been answered.
        self._unanswered: dict[tuple[Hypervisor, object, str], float] = {}

    async def hypervisor(self, host: str) -> Hypervisor:
        """An open connection to the libvirt of `host`; Failure if none can be opened."""
        uri = self.config.hosts[host].libvirt
        known = self._hypervisors.get(uri)
        if known is not None and await on_thread(known.is_alive):
            return known
        attempt = self._attempts.get(uri)
        if attempt is None:  # concurrent callers share it, and it outlives a cancelled caller
            attempt = self._attempts[uri] = asyncio.ensure_future(self._open(uri))
            attempt.add_done_callback(retrieve)
        try:
            return await within(OPEN_LIMIT_S, asyncio.shield(attempt))
        except asyncio.TimeoutError:
            raise Failure(
                f"libvirt of the {host} host did not respond within {OPEN_LIMIT_S:.0f} s",
                "the host or the network is down, or its daemon hangs",
                "Try again when it is reachable.",
                detail=uri,
            ) from None

    async def query(
        self, host: str, call: Callable[[Hypervisor], T], about: str = "", *, limit_s: float = REPLY_LIMIT_S
    ) -> T:
        """Read from the libvirt of `host`; repeats `call` once if the connection broke during it.

        Fails at once while an earlier one of the same code and `about` (a VM) has no reply for longer than `limit_s`:
        each would keep a thread here, and one in the daemon.
        """
        hypervisor = self._hypervisors.get(self.config.hosts[host].libvirt) or await self.hypervisor(host)
        try:
            return await self._query(host, call, about, hypervisor, limit_s)
        except Failure:
            if await on_thread(hypervisor.is_alive):
                raise
        return await self._query(host, call, about, await self.hypervisor(host), limit_s)

    async def command(self, host: str, call: Callable[[Hypervisor], T], *, limit_s: float = REPLY_LIMIT_S) -> T:
        """Change something through the libvirt of `host`; never repeats `call`."""
        return await self._call(host, call, await self.hypervisor(host), limit_s)

    def shell(self, host: str) -> Shell:
        """Commands on `host`: by ssh, unless the app runs there; a limited number of them begins at once."""
        shell = self._shell("" if host == self.config.here else self.config.hosts[host].ssh)
        return ShellInTurn(shell, self._turns)

    def guest_shell(self, name: str, address: str) -> Shell:
        """Commands in the guest of a VM, on whichever host it runs; Failure if `address` is empty."""
        if not address:
            raise Failure(f"The address of {name} is not known", "", f"{actions.ADDRESS} sets it.")
        return self._shell(address)

    async def close(self) -> None:
        """Close all connections without waiting for replies."""
        for attempt in self._attempts.values():
            attempt.cancel()
        self._hypervisors.clear()  # libvirt closes an unreferenced connection; close() on a dead one can block
        for shell in self._shells.values():
            await shell.close()
        self._shells.clear()

    async def _open(self, uri: str) -> Hypervisor:
        try:
            async with self._turns.turn():
                opened = await on_thread(self._open_hypervisor, uri)
            self._hypervisors[uri] = opened
            return opened
        finally:
            self._attempts.pop(uri, None)

    async def _query(
        self, host: str, call: Callable[[Hypervisor], T], about: str, hypervisor: Hypervisor, limit_s: float
    ) -> T:
        code = getattr(call, "__code__", call)  # a lambda is a new object at each call, its code is not
        query, began = (hypervisor, code, about), time.monotonic()
        if began - self._unanswered.get(query, began) > limit_s:
            raise _no_reply(host, hypervisor, limit_s)

        def answered(hypervisor: Hypervisor) -> T:
            try:
                if not hypervisor.is_alive():  # on the thread of the call: pages query all the time
                    raise Failure(f"The connection to the libvirt of {host} is closed")
                return call(hypervisor)
            finally:
                self._unanswered.pop(query, None)

        self._unanswered.setdefault(query, began)
        return await self._call(host, answered, hypervisor, limit_s)

    async def _call(self, host: str, call: Callable[[Hypervisor], T], hypervisor: Hypervisor, limit_s: float) -> T:
        try:
            return await within(limit_s, on_thread(call, hypervisor))
        except asyncio.TimeoutError:
            raise _no_reply(host, hypervisor, limit_s) from None

    def _shell(self, address: str) -> Shell:
        if address not in self._shells:
            self._shells[address] = self._open_shell(address)
        return self._shells[address]


def _no_reply(host: str, hypervisor: Hypervisor, limit_s: float) -> Failure:
    return Failure(
        f"libvirt of the {host} host did not respond within {limit_s:.0f} s",
        "it is busy with a VM, or hangs",
        "Try again.",
        detail=hypervisor.uri,
    )
