"""Which host a VM should go to: every host that was offered, the best first, each with its reasons."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tui.core.quantity import size
from tui.vm.model.blockers import Blocker

NOT_READ = "it has not answered yet"
STEPS = 8  # of the most memory that is left on a host: less than one of them is no difference
LOAD_STEP = 0.1  # of all CPUs of a host


@dataclass(frozen=True)
class TargetFacts:
    """What is known of one host as the target of one VM; None is unknown.

    `found` are the blockers of the VM on its way there, None until they were judged. `unread` says why the host can't
    be read, `unwanted` why nothing may be proposed to go there ("it is in maintenance"); empty if it can, or may.
    `free_bytes` is its available memory now, `coming_bytes` the memory of the VMs on their way there or planned to go
    there. `load` is the part of its CPUs in use: 1.0 is all of them. `same_cpu`, `same_network` and `same_share`
    compare it with the host of the VM: the CPU model, a subnet, and the server of the shared folder.
    """

    found: tuple[Blocker, ...] | None = None
    unread: str = ""
    unwanted: str = ""
    free_bytes: int | None = None
    coming_bytes: int = 0
    load: float | None = None
    same_cpu: bool | None = None
    same_network: bool | None = None
    same_share: bool | None = None

    @property
    def against(self) -> tuple[str, ...]:
        """Why the VM can't go there; empty if it can, or may."""
        if self.unread or self.unwanted:
            return tuple(filter(None, (self.unread, self.unwanted)))
        if self.found is None:
            return (NOT_READ,)
        return tuple(each.text for each in self.found if each.blocks)

    def left_bytes(self, memory_bytes: int) -> int | None:
        """What is left of its memory when all that is coming and a VM of `memory_bytes` are there; may be negative."""
        return None if self.free_bytes is None else self.free_bytes - self.coming_bytes - memory_bytes

    def doubts(self, memory_bytes: int) -> tuple[str, ...]:
        """Why it is doubtful that a VM of `memory_bytes` can go there."""
        doubts = tuple(each.text for each in self.found or () if each.doubt)
        left = self.left_bytes(memory_bytes)
        if self.free_bytes is None or left is None or left >= 0 or self.free_bytes < memory_bytes:
            return doubts  # a blocker speaks of the memory that is free now
        coming = f"{size(self.coming_bytes)} of its {size(self.free_bytes)} of free memory are needed"
        return (*doubts, f"{coming} by VMs on their way there: too little is left for {size(memory_bytes)}.")


class Target(NamedTuple):
    """One host and the reasons for its place; one that does not fit has only those against it."""

    host: str
    reasons: tuple[str, ...]
    fits: bool


def ranked(targets: Iterable[str], facts: Mapping[str, TargetFacts], memory_bytes: int) -> list[Target]:
    """The hosts `targets` for a VM that needs `memory_bytes` of them (0: none), the best first.

    Hosts that fit precede those that don't, or of which nothing is known. Of those that fit, the first has the fewest
    doubts; then count, in this order: its CPU model, its subnet and its share as on the host of the VM, the memory that
    is left after all that is on its way there (in eighths of the most), its load (in tenths), the memory that is left,
    the order of `targets`. Pure: who plans several VMs adds each to `coming_bytes` (and its CPUs to `load`) of its
    target, and asks again for the next.
    """
    ordered = _ordered(targets, facts, memory_bytes)
    return [Target(host, _reasons(known, memory_bytes), not known.against) for host, known in ordered]


def why_first(targets: Iterable[str], facts: Mapping[str, TargetFacts], memory_bytes: int) -> str:
    """Why `ranked` has its first host first, as a sentence; empty if no host fits, or if there is no other."""
    ordered = _ordered(targets, facts, memory_bytes)
    fitting = [(host, known) for host, known in ordered if not known.against]
    if not fitting or len(ordered) < 2:
        return ""
    if len(fitting) == 1:
        unknown = " and ".join(name for name, known in ordered if known.found is None or known.unread)
        return f"Only {fitting[0][0]} can take it{f', as far as is known without {unknown}' if unknown else ''}."
    (host, best), (other, second) = fitting[:2]
    most = _most_left(ordered, memory_bytes)
    for criterion in CRITERIA:
        if criterion.key(best, memory_bytes, most) != criterion.key(second, memory_bytes, most):
            return f"{host} is first, before {other}: {criterion.words(best, second, memory_bytes)}."
    return f"{host} is first, before {other}: they suit equally well, and it comes first in the configuration."


@dataclass(frozen=True)
class Choices:
    """The hosts that a VM can go to as `ranked` has them, and the sentence of `why_first`."""

    ranked: tuple[Target, ...] = ()
    why: str = ""

    @property
    def best(self) -> str:
        """The first host if the VM can go there, else ""."""
        return self.ranked[0].host if self.ranked and self.ranked[0].fits else ""


def choices(targets: Sequence[str], facts: Mapping[str, TargetFacts], memory_bytes: int) -> Choices:
    """Both of them."""
    return Choices(tuple(ranked(targets, facts, memory_bytes)), why_first(targets, facts, memory_bytes))


@dataclass(frozen=True)
class Criterion:
    """`key` of the facts, the memory of the VM, and the most that is left on a host: the smaller, the better."""

    key: Callable[[TargetFacts, int, int], float]
    words: Callable[[TargetFacts, TargetFacts, int], str]


def _ordered(
    targets: Iterable[str], facts: Mapping[str, TargetFacts], memory_bytes: int
) -> list[tuple[str, TargetFacts]]:
    known = [(host, facts.get(host, TargetFacts())) for host in targets]
    most = _most_left(known, memory_bytes)

    def key(each: tuple[str, TargetFacts]) -> tuple[float, ...]:
        return (_fit(each[1]), *(criterion.key(each[1], memory_bytes, most) for criterion in CRITERIA))

    return sorted(known, key=key)


def _fit(known: TargetFacts) -> int:
    """Hosts that fit, then those that may as far as is known, then the others."""
    if not known.against:
        return 0
    return 1 if (known.found is None or known.unread) and not known.unwanted else 2


def _most_left(known: Iterable[tuple[str, TargetFacts]], memory_bytes: int) -> int:
    left = [facts.left_bytes(memory_bytes) or 0 for _, facts in known if not facts.against]
    return max(0, *left) if left else 0


def _same(known: bool | None) -> int:
    """The order of such a fact: unknown is between yes and no."""
    return {True: 0, None: 1, False: 2}[known]


def _memory_step(known: TargetFacts, memory_bytes: int, most: int) -> float:
    left = known.left_bytes(memory_bytes)
    return 1 if left is None else -left * STEPS // most if most else 0


def _load_step(known: TargetFacts, _memory_bytes: int, _most: int) -> float:
    return float("inf") if known.load is None else known.load // LOAD_STEP


def _left(known: TargetFacts, memory_bytes: int, _most: int) -> float:
    left = known.left_bytes(memory_bytes)
    return float("inf") if left is None else -left


def _fewer_doubts(best: TargetFacts, second: TargetFacts, memory_bytes: int) -> str:
    fewer, more = (len(each.doubts(memory_bytes)) for each in (best, second))
    return f"{fewer} of the findings there are doubtful, not {more}" if fewer else "nothing is doubtful there"


def _more_left(best: TargetFacts, second: TargetFacts, memory_bytes: int) -> str:
    more, less = (each.left_bytes(memory_bytes) for each in (best, second))
    if less is None:
        return "its free memory is known"
    return f"{size(max(0, more or 0))} of memory stay free there, not {size(max(0, less))}"


def _less_load(best: TargetFacts, second: TargetFacts, _memory_bytes: int) -> str:
    if second.load is None:
        return "its load is known"
    return f"{_percent(best.load or 0.0)} of its CPUs are in use, not {_percent(second.load)}"


CRITERIA = (
    Criterion(lambda known, need, _most: len(known.doubts(need)), _fewer_doubts),
    Criterion(lambda known, _need, _most: _same(known.same_cpu), lambda *_: "it has the CPU model of the VM's host"),
    Criterion(
        lambda known, _need, _most: _same(known.same_network), lambda *_: "it has a subnet with the VM's host in common"
    ),
    Criterion(
        lambda known, _need, _most: _same(known.same_share), lambda *_: "it has the shared folder of the VM's host"
    ),
    Criterion(_memory_step, _more_left),
    Criterion(_load_step, _less_load),
    Criterion(_left, _more_left),
)


def _reasons(known: TargetFacts, memory_bytes: int) -> tuple[str, ...]:
    """What is against it; else its doubts, and then what speaks for it in a few words each."""
    if known.against:
        return known.against
    left, words = known.left_bytes(memory_bytes), []
    if known.same_cpu is not None:
        words.append("same CPU model" if known.same_cpu else "another CPU model")
    if left is not None:
        coming = f" after {size(known.coming_bytes)} on its way" if known.coming_bytes else ""
        words.append(f"{size(max(0, left))} stay free{coming}")
    if known.load is not None:
        words.append(f"load {_percent(known.load)}")
    if known.same_network is not None:
        words.append("same network" if known.same_network else "another network")
    if known.same_share is not None:
        words.append("same share" if known.same_share else "without the share")
    return (*known.doubts(memory_bytes), *words)


def _percent(part: float) -> str:
    return f"{part * 100:.0f} %"
