"""Who can move VMs to whom: one cell for each way between two hosts, with its reasons."""

from dataclasses import dataclass
from itertools import product

from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, UNKNOWN, WARNING, Finding
from tui.checklist.model.step import Step
from tui.core.aged import ago
from tui.core.failure import Failure
from tui.hosts.model.checks.basic import libvirt
from tui.hosts.model.checks.fit import fit_steps
from tui.hosts.model.checks.migration import ports
from tui.hosts.model.checks.names import names, own_name
from tui.hosts.model.checks.ssh import ssh_steps
from tui.hosts.model.facts import HostsFacts, unread
from tui.hosts.model.share import Share, shared

SHARE = "it has the same folder of images"
WORDS = {OK: "can", WARNING: "may", FAILED: "can't", UNKNOWN: "unknown"}
WORST_FIRST = (FAILED, UNKNOWN, WARNING)
Pair = tuple[str, str]  # the host that a VM leaves, and the one that it goes to


@dataclass(frozen=True)
class Reason:
    """What was required, and what was found."""

    what: str
    finding: Finding


@dataclass(frozen=True)
class Cell:
    """One way, its reasons with the worst first, and when they were read, by time.monotonic().

    It is `old` if that was before this start of the app.
    """

    pair: Pair
    reasons: tuple[Reason, ...]
    read_at: float
    old: bool = False

    @property
    def state(self) -> str:
        """The worst of its reasons: OK, WARNING, FAILED or UNKNOWN."""
        found = {reason.finding.state for reason in self.reasons}
        return next((state for state in WORST_FIRST if state in found), OK)

    @property
    def words(self) -> str:
        """ "host3 -> host4: can't": what it is in words."""
        return f"{self.pair[0]} -> {self.pair[1]}: {WORDS[self.state]}"

    @property
    def bad(self) -> tuple[Reason, ...]:
        """The reasons that are not ok."""
        return tuple(reason for reason in self.reasons if reason.finding.state in WORST_FIRST)

    def age(self, now: float) -> str:
        """When it was read, in words."""
        return ago(max(0.0, now - self.read_at)) + (", before this start" if self.old else "")


def cell(facts: HostsFacts, pair: Pair, shares: tuple[object, object], now: float) -> Cell | None:
    """The cell of a way, from the facts about its two hosts; None until all of them are read."""
    end = pair[1]
    known = facts.configured.between([pair])
    ways = {way: facts.way(*way) for way in product(pair, pair)}
    seen = HostsFacts(known, {host: facts.at(host) for host in pair}, ways)
    reasons = []
    for step in _steps(seen, pair):
        finding = step.check(seen)
        if finding is None:
            return None
        reasons.append(Reason(step.title if step.host == end else f"{step.host}: {step.title}", finding))
    share = _share(known.images, pair, shares)
    if share is None:
        return None
    reasons.append(Reason(SHARE, share))
    order = (*WORST_FIRST, OK, NOT_NEEDED)
    return Cell(pair, tuple(sorted(reasons, key=lambda each: order.index(each.finding.state))), now)


def _steps(facts: HostsFacts, pair: Pair) -> tuple[Step[HostsFacts], ...]:
    """The steps of the list that a VM needs to go from one host to the other."""
    (start, end), known = pair, facts.configured
    return (
        libvirt(start),
        libvirt(end),
        own_name(end),
        names(start),
        *ssh_steps(known, start),
        ports(known, start, end),
        *fit_steps(known, start, end),
    )


def _share(folder: str, pair: Pair, shares: tuple[object, object]) -> Finding | None:
    one, other = shares
    if isinstance(one, Share) and isinstance(other, Share):
        return shared(folder, (pair[0], one), (pair[1], other))
    failed = next((each for each in shares if isinstance(each, Failure)), None)
    return unread(failed)
