"""Many hosts at a glance: what is not well comes first, and what is well folds to one line."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tui.checklist.model.check import FAILED, UNKNOWN, WARNING, Item
from tui.checklist.model.summary import counts, summary_line
from tui.hosts.model.host import OK, READING, SILENT, UNREACHABLE, HostFacts


@dataclass(frozen=True)
class Glance:
    """One host: its facts as they are now, and its lines of the list."""

    facts: HostFacts
    items: tuple[Item, ...] = ()
    groups: tuple[str, ...] = ()

    @cached_property
    def reading(self) -> bool:
        """Whether it is read for the first time, and nothing bad is known of it."""
        unread = self.facts.state == READING or any(item.finding is None for item in self.items)
        return unread and not self.bad

    @cached_property
    def bad(self) -> bool:
        """Whether it does not answer, or a line of it is neither good nor unread."""
        wrong = any(item.finding is not None and not item.finding.good for item in self.items)
        return self.facts.state not in (OK, READING) or wrong

    @cached_property
    def words(self) -> str:
        """What its lines are, the worst first; lines that are ok are not mentioned beside others."""
        read = [item for item in self.items if item.finding is not None]
        if not read:
            return ""
        found = counts(read)
        worse = [item for item in read if item.state in (FAILED, UNKNOWN, WARNING)]
        return summary_line(worse) if any(found[each] for each in (FAILED, UNKNOWN, WARNING)) else f"{len(read)} ok"

    @cached_property
    def _rank(self) -> tuple[int, int]:
        state, found = self.facts.state, counts(item for item in self.items if item.finding is not None)
        unanswered = {SILENT: 0, UNREACHABLE: 0}.get(state, 1)
        return unanswered, -found[FAILED] if self.bad else 1 if self.reading else 2


@dataclass(frozen=True)
class Overview:
    """The hosts that have a line, and how many are folded because they are well, or because they are being read."""

    shown: tuple[Glance, ...]
    well: int = 0
    reading: int = 0
    folded: tuple[str, ...] = field(default=())  # the names behind the last two

    @property
    def fold(self) -> str:
        """The line of the folded hosts; empty if there are none."""
        parts = [_are(self.well, "well"), _are(self.reading, "being read")]
        return "; ".join(filter(None, parts))


def _are(count: int, what: str) -> str:
    return "" if not count else f"1 host is {what}" if count == 1 else f"{count} hosts are {what}"


def glances(
    hosts: Iterable[HostFacts], items: Iterable[Item], groups: Mapping[str, tuple[str, ...]]
) -> tuple[Glance, ...]:
    """Each host with its lines."""
    of: dict[str, list[Item]] = {}
    for item in items:
        of.setdefault(item.host, []).append(item)
    return tuple(Glance(each, tuple(of.get(each.name, ())), groups.get(each.name, ())) for each in hosts)


def overview(found: Sequence[Glance], *, unfolded: bool) -> Overview:
    """The hosts that are not well first, in their order among equals; the others folded, or below them."""
    ordered = sorted(found, key=lambda each: each._rank)
    if unfolded:
        return Overview(tuple(ordered))
    rest = [each for each in ordered if not each.bad]
    reading = sum(each.reading for each in rest)
    names = tuple(each.facts.name for each in rest)
    return Overview(tuple(each for each in ordered if each.bad), len(rest) - reading, reading, names)
