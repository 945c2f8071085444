"""The connections to the configured hosts and the guest: opened when first needed, kept, opened again when broken."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from tui.core import actions
from tui.core.failure import Failure
from tui.core.protocols import Hypervisor, Shell
from tui.core.settings import SOURCE, Config
from tui.core.threads import on_thread

T = TypeVar("T")

OPEN_LIMIT_S = 15.0
ANSWER_LIMIT_S = 35.0  # a daemon may stand 30 s behind a busy VM's monitor


class Connections:
    """One hypervisor connection and one shell per host, shared by all pages; a migration has a Route of its own.

    `open_hypervisor` takes a libvirt URI, blocks and raises Failure; `open_shell` takes an ssh address, or "" for
    this host, and returns at once.
    """

    def __init__(
        self, config: Config, open_hypervisor: Callable[[str], Hypervisor], open_shell: Callable[[str], Shell]
    ) -> None:
        self.config = config
        self._open_hypervisor = open_hypervisor
        self._open_shell = open_shell
        self._hypervisors: dict[str, Hypervisor] = {}  # by URI
        self._attempts: dict[str, asyncio.Task[Hypervisor]] = {}
        self._shells: dict[str, Shell] = {}  # by address

    def uri(self, host: str) -> str:
        """How the app reaches the libvirt of `host`."""
        return self.config.hosts[host].libvirt

    def peer_uri(self, host: str) -> str:
        """How the other host's daemon reaches the libvirt of `host`: what a migration to it is given."""
        return self.config.hosts[host].peer_uri

    async def hypervisor(self, host: str) -> Hypervisor:
        """The connection to the libvirt of `host`, opened (again) where there is none that stands; Failure if not."""
        uri = self.uri(host)
        known = self._hypervisors.get(uri)
        if known is not None and await on_thread(known.alive):
            return known
        attempt = self._attempts.get(uri)
        if attempt is None:  # callers side by side share it, and it outlives one that gives up
            attempt = self._attempts[uri] = asyncio.ensure_future(self._open(uri))
            attempt.add_done_callback(_note)
        try:
            return await asyncio.wait_for(asyncio.shield(attempt), OPEN_LIMIT_S)
        except asyncio.TimeoutError:
            raise Failure(
                f"libvirt of the {host} host did not answer within {OPEN_LIMIT_S:.0f} s",
                "the host or the network is down, or its daemon hangs",
                "Try again when it is back.",
                detail=uri,
            ) from None

    async def ask(self, host: str, question: Callable[[Hypervisor], T], *, limit_s: float = ANSWER_LIMIT_S) -> T:
        """What `question` reads from the libvirt of `host`; asked again if the connection broke meanwhile."""
        hypervisor = await self.hypervisor(host)
        try:
            return await self._asked(host, question, hypervisor, limit_s)
        except Failure:
            if await on_thread(hypervisor.alive):
                raise
        return await self._asked(host, question, await self.hypervisor(host), limit_s)

    async def tell(self, host: str, order: Callable[[Hypervisor], T], *, limit_s: float = ANSWER_LIMIT_S) -> T:
        """As `ask`, for what changes something: never said twice."""
        return await self._asked(host, order, await self.hypervisor(host), limit_s)

    def shell(self, host: str) -> Shell:
        """Commands on `host`; the app runs on the source host."""
        return self._shell("" if host == SOURCE else self.config.hosts[host].ssh)

    def guest_shell(self, name: str, address: str) -> Shell:
        """Commands in the guest of a VM, wherever it runs at the moment; Failure where its address is not known."""
        if not address:
            raise Failure(f"How to log in to {name} is not known", "", f"{actions.ADDRESS} says how it is reached.")
        return self._shell(address)

    async def close(self) -> None:
        """Let go of everything, without waiting for anybody's answer."""
        for attempt in self._attempts.values():
            attempt.cancel()
        self._hypervisors.clear()  # libvirt closes a connection nobody holds; closing a dead one by call can block
        for shell in self._shells.values():
            await shell.close()
        self._shells.clear()

    async def _open(self, uri: str) -> Hypervisor:
        try:
            opened = await on_thread(self._open_hypervisor, uri)
            self._hypervisors[uri] = opened
            return opened
        finally:
            self._attempts.pop(uri, None)

    async def _asked(self, host: str, question: Callable[[Hypervisor], T], hypervisor: Hypervisor, limit_s: float) -> T:
        try:
            return await asyncio.wait_for(on_thread(question, hypervisor), limit_s)
        except asyncio.TimeoutError:
            raise Failure(
                f"libvirt of the {host} host did not answer within {limit_s:.0f} s",
                "it is busy with a VM, or hangs",
                "Try again.",
                detail=hypervisor.uri,
            ) from None

    def _shell(self, address: str) -> Shell:
        if address not in self._shells:
            self._shells[address] = self._open_shell(address)
        return self._shells[address]


def _note(attempt: "asyncio.Task[Hypervisor]") -> None:
    """Look at the outcome of an attempt that everybody may have given up waiting for."""
    if not attempt.cancelled():
        attempt.exception()
