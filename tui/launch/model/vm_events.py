"""What the Launch page has seen change: VMs that appeared, moved, changed their state or went, and silent hosts."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from tui.core.failure import Failure
from tui.vm.model.listing import Listing
from tui.vm.model.location import VmPlacement

KEPT = 200
GOOD, BAD, PLAIN = "good", "bad", "plain"


@dataclass(frozen=True)
class VmEvent:
    """One change, and when it was seen; `name` is that of a VM or of a host."""

    at: datetime
    name: str
    text: str
    tone: str = PLAIN


class VmEvents:
    """Compares each listing with the one before; the first one in which no host is awaited is where it begins."""

    def __init__(self) -> None:
        self.began: datetime | None = None  # None: not all hosts have answered yet
        self._newest: deque[VmEvent] = deque(maxlen=KEPT)
        self._seen: Listing | None = None
        self._silent: frozenset[str] = frozenset()
        self._places: dict[str, str] = {}  # by VM, its state and host

    @property
    def newest(self) -> Sequence[VmEvent]:
        """The events, the newest first."""
        return tuple(self._newest)

    def note(self, listing: Listing, at: datetime) -> None:
        """Add what has changed since the listing before."""
        if listing is self._seen or listing.awaited:
            return
        self._seen = listing
        silent = frozenset(host for host, each in listing.answers.items() if isinstance(each, Failure))
        places = {name: _place(where) for name in listing.names if (where := listing.where(name))}
        if self.began is None:
            self.began = at
            self._places = {name: place for name, place in places.items() if place}
        else:
            self._newest.extendleft([*self._of_hosts(silent, at), *self._of_vms(places, at, unsure=bool(silent))])
        self._silent = silent

    def _of_hosts(self, silent: frozenset[str], at: datetime) -> Iterator[VmEvent]:
        for host in sorted(silent - self._silent):
            yield VmEvent(at, host, "does not answer", BAD)
        for host in sorted(self._silent - silent):
            yield VmEvent(at, host, "answers again", GOOD)

    def _of_vms(self, places: dict[str, str], at: datetime, *, unsure: bool) -> Iterator[VmEvent]:
        """`unsure`: a host is silent, so a VM that no host lists is not gone."""
        for name, place in places.items():
            before = self._places.get(name)
            if place and place != before:
                yield VmEvent(at, name, f"{place}, was {before}" if before else f"new: {place}")
                self._places[name] = place
        for name in () if unsure else sorted(self._places.keys() - places.keys()):
            yield VmEvent(at, name, f"gone, was {self._places.pop(name)}")


def _place(where: VmPlacement) -> str:
    """ "running on source"; empty where no host that answers has it."""
    return "" if where.vm is None or where.last_seen else where.sentence
