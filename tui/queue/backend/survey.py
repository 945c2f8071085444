"""What the hosts have and offer at one moment, read once for all VMs of a plan."""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from tui.core.actions import without_keys
from tui.core.failure import Failure
from tui.core.limit import within
from tui.core.together import together
from tui.queue.model.placing import Fit, Room
from tui.vm.backend.fixes import judged
from tui.vm.backend.vms import Vms
from tui.vm.model.blockers import Blocker
from tui.vm.model.domain import Domain
from tui.vm.model.listing import Listed
from tui.vm.model.offer import Offer

T = TypeVar("T")

HOST_LIMIT_S = 20.0  # a host that takes longer counts as one that cannot be reached


@dataclass(frozen=True)
class Survey:
    """By host its VMs, and what it offers; a Failure if it cannot be read. `folder` is that of the shared images."""

    vms: Mapping[str, tuple[Listed, ...] | Failure]
    offers: Mapping[str, Offer | Failure]
    folder: str

    def fit(self, domain: Domain, origin: str, target: str, *, copied: bool) -> Fit:
        """Whether a VM can go from a host to another, with its disks `copied` or on storage that both share."""
        there = self.offers[target]
        known = judged(domain, (origin, target), self.offers.get(origin), there, self.folder)
        found = [each for each in known if not (copied and each.unless_copied)]
        return Fit(_first(each for each in found if each.blocks), _first(each for each in found if each.doubt))

    def room(self, host: str, why_not: str = "") -> Room:
        """What a host has free, without what arrives there now."""
        offer, vms = self.offers[host], self.vms[host]
        if isinstance(offer, Failure) or isinstance(vms, Failure):
            failure = offer if isinstance(offer, Failure) else vms
            return Room(host, why_not=why_not or f"{host} cannot be reached: {failure}".rstrip("."))
        active = [each.vm for each in vms if each.vm.active]
        arriving = sum(each.memory_bytes for each in active if each.incoming)
        available = 0 if offer.facts is None else offer.facts.available_bytes
        free = max(offer.daemon.memory_free_bytes, available)
        free_bytes = max(0, free - arriving) if free else None
        vcpus = sum(each.vcpus for each in active)
        return Room(host, free_bytes, offer.daemon.memory_bytes, offer.daemon.cpus, vcpus, why_not)


async def survey(vms: Vms, hosts: Iterable[str]) -> Survey:
    """Read all hosts at once: first their VMs, which decide what is looked for on each of them."""
    names = tuple(hosts)
    listed = await together(*(_within(host, vms.on(host, reread=True)) for host in names))
    offers = await together(*(_within(host, vms.offer(host)) for host in names))
    return Survey(dict(zip(names, listed, strict=True)), dict(zip(names, offers, strict=True)), vms.images.folder)


async def _within(host: str, reading: Coroutine[Any, Any, T]) -> T | Failure:
    try:
        return await within(HOST_LIMIT_S, reading)
    except asyncio.TimeoutError:
        return Failure(f"{host} has not replied within {HOST_LIMIT_S:.0f} s")


def _first(found: Iterable[Blocker]) -> str:
    return next((without_keys(each.text) for each in found), "")
