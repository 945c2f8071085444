"""What blocks each VM on its way to each other host, computed anew only where a definition or an offer has changed."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tui.core.failure import Failure
from tui.core.settings import Config
from tui.launch.model.row import Row, disks_of
from tui.vm.backend.fixes import judged
from tui.vm.model.blockers import Blocker
from tui.vm.model.domain import Domain
from tui.vm.model.domain_mark import UNFINISHED
from tui.vm.model.listing import Listing
from tui.vm.model.offer import Offer

AT_ONCE = 64  # ways of a VM, each some tenths of a millisecond, in which the page takes no key
UNREAD = Failure("The host can't be read")  # one for all reasons: they change nothing of a verdict

Way = tuple[str, str, str]  # name of the VM, its host, a target


class _Inputs(NamedTuple):
    """What a verdict was computed from; compared by identity, because nothing in it is ever changed."""

    domain: Domain
    here: Offer | Failure | None
    there: Offer | Failure

    def same(self, other: "_Inputs | None") -> bool:
        return other is not None and all(mine is its for mine, its in zip(self, other, strict=True))


class Verdicts:
    """The rows of all VMs, and what they say of targets; a verdict is shown until the one in its place is computed."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.best: dict[str, str] = {}  # by VM: the target whose blockers are shown
        self.pending = False  # `judge` has left something
        self._offers: dict[str, Offer | Failure] = {}
        self._known: dict[Way, tuple[_Inputs, tuple[Blocker, ...]]] = {}
        self._judged: dict[str, Domain] = {}  # by VM: all its ways are judged with this definition and these offers
        self._rows: dict[str, Row] = {}
        self._listing, self._unread = Listing(), set[str]()  # the VMs, and the hosts that can't be read

    def learn(self, host: str, offer: Offer | Failure) -> None:
        """Take the newest offer of a host."""
        before = self._offers.get(host)
        if before != offer and not (isinstance(before, Failure) and isinstance(offer, Failure)):
            self._offers[host] = offer
            self._judged.clear()

    def show(self, listing: Listing) -> None:
        """Take the newest VMs of all hosts."""
        if listing is self._listing:
            return
        unread = {host for host, answer in listing.answers.items() if isinstance(answer, Failure)}
        if unread != self._unread:
            self._judged.clear()
        self._listing, self._unread = listing, unread
        self._rows.clear()

    def row(self, name: str) -> Row:
        """One VM with the verdicts that are known."""
        if name not in self._rows:
            self._rows[name] = self._row(name)
        return self._rows[name]

    def judge(self, first: str, names: Iterable[str]) -> None:
        """Compute what is missing or changed: all ways of `first`, then some of the others in their order."""
        left = AT_ONCE
        self._judge(first)
        self.pending = False
        for name in names:
            if left <= 0:
                self.pending = True
                return
            left -= self._judge(name)

    def _judge(self, name: str) -> int:
        """Judge a VM anew if necessary; returns how many of its ways were."""
        domain, where = self._listing.domain(name), self._listing.where(name)
        if not isinstance(domain, Domain) or domain.mark or where.arrives_at or self._judged.get(name) is domain:
            return 0
        changed = 0
        for target in self._config.targets(where.host):
            there = self._offers.get(target)
            if there is None:
                continue
            if target in self._unread:
                there = UNREAD
            way, inputs = (name, where.host, target), _Inputs(domain, self._offers.get(where.host), there)
            if not inputs.same(self._known.get(way, (None,))[0]):
                found = judged(domain, (where.host, target), inputs.here, there, self._config.storage.export)
                self._known[way] = inputs, found
                changed += 1
        self._judged[name] = domain
        if changed:
            self._rows.pop(name, None)
        return changed

    def _row(self, name: str) -> Row:
        domain, where = self._listing.domain(name), self._listing.where(name)
        disks = disks_of(domain if isinstance(domain, Domain) else None, self._config.storage.export)
        if not isinstance(domain, Domain) or where.arrives_at:
            return Row(where, domain if isinstance(domain, Domain) else None, disks=disks)
        if domain.mark:
            return Row(where, domain, (Blocker(UNFINISHED[domain.mark]),), disks=disks)
        targets = self._config.targets(where.host)
        if not targets:
            return Row(where, domain, (Blocker("There is no other host."),), (), disks=disks)
        ways = {target: self._known.get((name, where.host, target)) for target in targets}
        known = {target: way[1] for target, way in ways.items() if way is not None}
        fitting = tuple(target for target, each in known.items() if not any(_weight(each)))
        blockers = self._best(name, known, complete=len(known) == len(targets))
        return Row(where, domain, blockers, fitting if len(targets) > 1 else None, disks=disks)

    def _best(
        self, name: str, known: Mapping[str, tuple[Blocker, ...]], *, complete: bool
    ) -> tuple[Blocker, ...] | None:
        """What blocks a migration to the host that suits best; None until the offers are read that decide that."""
        best = min(known, key=lambda target: _weight(known[target]), default="")
        if not best or (not complete and not all(each.note for each in known[best])):
            return None
        self.best[name] = best
        return known[best]


def _weight(found: tuple[Blocker, ...]) -> tuple[int, int]:
    """How little one target suits: what blocks counts before what is doubtful."""
    return sum(each.blocks for each in found), sum(each.doubt for each in found)
