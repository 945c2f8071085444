"""Reads what each host has for a VM that it may receive."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.limit import within
from tui.core.threads import on_thread
from tui.core.together import together
from tui.vm.backend.fixes import judged
from tui.vm.backend.vms import Vms
from tui.vm.model.domain import Domain
from tui.vm.model.maintenance import Marks, why_not
from tui.vm.model.offer import Offer
from tui.vm.model.target_facts import facts_of, needed_bytes
from tui.vm.model.targets import Choices, TargetFacts, choices

LIMIT_S = 8.0  # for one host: those that are slower are ranked as unknown
AT_ONCE = 16  # hosts


class Targets:
    """Ranks the hosts to which a VM can go."""

    def __init__(self, connections: Connections, vms: Vms) -> None:
        self._config = connections.config
        self._vms = vms
        self.read_marks: Callable[[], Marks] = dict  # the hosts in maintenance are unwanted; blocks, raises Failure

    async def choices(self, name: str, host: str) -> Choices:
        """The hosts to which the VM on `host` can go, read now; Failure if that host can't be read, or lacks it."""
        targets = self._config.targets(host)
        domain = await self._domain(name, host)
        limit = asyncio.Semaphore(AT_ONCE)

        async def offer(each: str) -> Offer | Failure:
            async with limit:
                return await self._offer(each)

        marks = await on_thread(self.read_marks)
        here, *there = await together(*map(offer, (host, *targets)))
        found = {
            each: replace(self._facts(domain, (host, each), here, known), unwanted=why_not(each, marks))
            for each, known in zip(targets, there, strict=True)
        }
        need = needed_bytes(domain) if domain.hardware.live else 0
        return choices(targets, found, need)

    def _facts(
        self, domain: Domain, way: tuple[str, str], here: Offer | Failure, there: Offer | Failure
    ) -> TargetFacts:
        folder = self._vms.images.folder
        found = judged(domain, way, here, there, folder)
        return facts_of(domain, found, here, there, folder)

    async def _domain(self, name: str, host: str) -> Domain:
        answer = await self._vms.on(host, reread=True)
        if isinstance(answer, Failure):
            raise answer
        domain = next((each.domain for each in answer if each.vm.name == name), None)
        if isinstance(domain, Failure):
            raise domain
        if domain is None:
            raise Failure(f"{name} is not on {host} any more", "it was moved or deleted meanwhile")
        return domain

    async def _offer(self, host: str) -> Offer | Failure:
        try:
            return await within(LIMIT_S, self._vms.offer(host))
        except asyncio.TimeoutError:
            return Failure(f"{host} has not replied within {LIMIT_S:.0f} s", "its libvirt is busy, or can't be reached")
