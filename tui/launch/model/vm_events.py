"""What the Launch page has seen change: VMs that appeared, moved, changed their state or went, and silent hosts."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tui.core.failure import Failure
from tui.vm.model.listing import Listing
from tui.vm.model.location import VmPlacement

KEPT = 200
GONE_AFTER = timedelta(seconds=10)  # a VM that moves is on no host between the answers of two hosts
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
        self._read: set[str] = set()  # hosts that have answered: the VMs of another one are not new when it does
        self._places: dict[str, str] = {}  # by VM, its state and host
        self._missing: dict[str, datetime] = {}  # VMs that no host has, since when

    @property
    def newest(self) -> Sequence[VmEvent]:
        """The events, the newest first."""
        return tuple(sorted(self._newest, key=lambda each: each.at, reverse=True))

    @property
    def waits(self) -> bool:
        """Whether a VM may be gone, which a later `note` decides, also of the same listing."""
        return bool(self._missing)

    def note(self, listing: Listing, at: datetime) -> None:
        """Add what has changed since the listing before."""
        if not listing.awaited and listing is not self._seen:
            self._compare(listing, at)
        for name in sorted(name for name, since in self._missing.items() if at - since >= GONE_AFTER):
            since = self._missing.pop(name)
            self._newest.appendleft(VmEvent(since, name, f"gone, was {self._places.pop(name)}"))

    def _compare(self, listing: Listing, at: datetime) -> None:
        before = self._seen
        self._seen = listing
        silent = frozenset(host for host, each in listing.answers.items() if isinstance(each, Failure))
        if before is None:
            self.began = at
            self._places = {name: place for name in listing.names if (place := _place(listing.where(name)))}
        else:
            same_hosts = silent == self._silent  # a host that answers again may have lost VMs while it was silent
            names = _changed(before, listing) if same_hosts else {*listing.names, *self._places}
            self._newest.extendleft([*self._of_hosts(silent, at), *self._of_vms(names, listing, at)])
        self._silent = silent
        self._read |= listing.answers.keys() - silent

    def _of_hosts(self, silent: frozenset[str], at: datetime) -> Iterator[VmEvent]:
        for host in sorted(silent - self._silent):
            yield VmEvent(at, host, "does not answer", BAD)
        for host in sorted(self._silent - silent):
            yield VmEvent(at, host, "answers again", GOOD)

    def _of_vms(self, names: Iterable[str], listing: Listing, at: datetime) -> Iterator[VmEvent]:
        for name in sorted(names):
            where, before = listing.where(name), self._places.get(name)
            place = _place(where)
            if place:
                self._missing.pop(name, None)
            if place and place != before:
                self._places[name] = place
                if before or where.host in self._read:
                    yield VmEvent(at, name, f"{place}, was {before}" if before else f"new: {place}")
            elif before and where.nowhere:
                self._missing.setdefault(name, at)


def _changed(before: Listing, after: Listing) -> set[str]:
    """The VMs of which a host has another answer: what is the same as before is the same object."""
    found = set()
    for host, new in after.answers.items():
        old = before.answers.get(host)
        if old is not new and isinstance(old, tuple) and isinstance(new, tuple):
            known = ({id(each) for each in old}, {id(each) for each in new})
            found |= {each.vm.name for each in (*old, *new) if not (id(each) in known[0] and id(each) in known[1])}
    return found


def _place(where: VmPlacement) -> str:
    """ "running on source"; empty where no host that answers has it."""
    return "" if where.vm is None or where.last_seen else where.sentence
