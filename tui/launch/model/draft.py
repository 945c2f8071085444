"""A VM before it is made: all that there is to make it of, and what it would be."""

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
    """All that a VM can be made of; a host that can't be asked has a Failure for its offer. The source comes first."""

    offers: Mapping[str, Offer | Failure]
    listing: Listing
    images: Mapping[str, Image] = field(default_factory=dict)
    trouble: Mapping[str, Failure] = field(default_factory=dict)  # by host: what is wrong with its shared folder
    ssh_key: str = ""

    @property
    def known(self) -> dict[str, Offer]:
        """The offers of the hosts that could be asked."""
        return {host: offer for host, offer in self.offers.items() if isinstance(offer, Offer)}

    @property
    def usable_networks(self) -> tuple[tuple[str, str], ...]:
        """What a VM can be plugged into on both hosts; of the first alone where there is none."""
        first = next(iter(self.known.values()), None)
        return shared_networks(self.known.values()) or (first.usable_networks if first else ())


@dataclass(frozen=True)
class Copy:
    """A disk that is copied before the VM can start; `least_bytes` 0 leaves its size."""

    origin: str
    target: str
    format: str
    least_bytes: int = 0


@dataclass(frozen=True)
class Draft:
    """A VM as it would be made: the definition to be shown and edited, what is to be known of it, and its files."""

    request: VmRequest
    xml: str
    notes: tuple[str, ...] = ()
    copies: tuple[Copy, ...] = ()
    seed: Seed | None = None
    seed_path: str = ""
