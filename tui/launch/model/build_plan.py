"""A VM before it is created: what the hosts offer for it, and the plan to build it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tui.core.failure import Failure
from tui.guest.model.seed import Seed
from tui.launch.model.new_vm import VmRequest
from tui.vm.model.image import Image
from tui.vm.model.listing import Listing
from tui.vm.model.offer import Offer, shared_networks


@dataclass(frozen=True)
class BuildInputs:
    """What a VM can be built from; `offers` has the source first, and a Failure for a host that can't be reached."""

    offers: Mapping[str, Offer | Failure]
    listing: Listing
    images: Mapping[str, Image] = field(default_factory=dict)
    trouble: Mapping[str, Failure] = field(default_factory=dict)  # by host: why it can't use the shared folder
    ssh_key: str = ""
    groups: tuple[str, ...] = ()  # of hosts that run VMs

    @property
    def known(self) -> dict[str, Offer]:
        """The offers of the reachable hosts."""
        return {host: offer for host, offer in self.offers.items() if isinstance(offer, Offer)}

    @property
    def usable_networks(self) -> tuple[tuple[str, str], ...]:
        """Kind and name of the networks that all reachable hosts share; if there are none, those of the first host."""
        first = next(iter(self.known.values()), None)
        return shared_networks(self.known.values()) or (first.usable_networks if first else ())


@dataclass(frozen=True)
class Copy:
    """A disk to copy before the VM can start; `least_bytes` 0 keeps its size."""

    origin: str
    target: str
    format: str
    least_bytes: int = 0


@dataclass(frozen=True)
class BuildPlan:
    """How a VM will be built: its definition, notes for the user, disks to copy, and the seed with its path.

    `ask` is a word of the definition that the user should change.
    """

    request: VmRequest
    xml: str
    notes: tuple[str, ...] = ()
    copies: tuple[Copy, ...] = ()
    seed: Seed | None = None
    seed_path: str = ""
    ask: str = ""
