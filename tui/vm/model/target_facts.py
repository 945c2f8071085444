"""What the offers of two hosts say of one as the target of a VM of the other."""

from collections.abc import Iterable

from tui.core.failure import Failure
from tui.vm.model.blockers import Blocker
from tui.vm.model.domain import Domain
from tui.vm.model.offer import Offer
from tui.vm.model.targets import TargetFacts


def facts_of(
    domain: Domain,
    found: Iterable[Blocker] | None,
    here: Offer | Failure | None,
    there: Offer | Failure | None,
    folder: str,
) -> TargetFacts:
    """The facts for `ranked`; `found` are the blockers of the VM on its way, None while one of the offers is unread.

    `folder` is the shared one. An offer that could not be read is a Failure.
    """
    if isinstance(there, Failure):
        return TargetFacts(unread=str(there))
    if there is None or found is None:
        return TargetFacts()
    origin = here if isinstance(here, Offer) else None
    facts = there.facts
    load = None if facts is None or facts.load is None or not facts.cpus else facts.load / len(facts.cpus)
    return TargetFacts(
        tuple(found),
        free_bytes=free_bytes(there),
        coming_bytes=sum(each.memory_bytes for each in there.vms if each.incoming and each.name != domain.name),
        load=load,
        same_cpu=_same_cpu(origin, there),
        same_network=_same_network(origin, there),
        same_share=_same_share(origin, there, folder),
    )


def needed_bytes(domain: Domain) -> int:
    """The memory that the VM takes from what is free on its target: none for huge pages, which are set apart."""
    return 0 if domain.hardware.page_kib else domain.memory_bytes


def free_bytes(offer: Offer) -> int | None:
    """The memory that a host has for VMs, with what its kernel can free at once; None if unknown."""
    free = max(offer.daemon.memory_free_bytes, 0 if offer.facts is None else offer.facts.available_bytes)
    return free or None


def _same_cpu(here: Offer | None, there: Offer) -> bool | None:
    models = ("" if here is None else here.daemon.cpu_model, there.daemon.cpu_model)
    return models[0] == models[1] if all(models) else None


def _same_network(here: Offer | None, there: Offer) -> bool | None:
    subnets = [offer.facts.subnets for offer in (here, there) if offer is not None and offer.facts is not None]
    return bool(subnets[0] & subnets[1]) if len(subnets) > 1 and all(subnets) else None


def _same_share(here: Offer | None, there: Offer, folder: str) -> bool | None:
    """None where the host of the VM has no share at the folder: then the folder may be shared in another way."""
    facts = [offer.facts.shares for offer in (here, there) if offer is not None and offer.facts is not None]
    if len(facts) < 2 or folder not in facts[0]:
        return None
    return facts[0][folder] == facts[1].get(folder)
