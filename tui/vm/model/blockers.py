"""What blocks the migration of a VM, makes it doubtful, or is worth a note, each as a sentence."""

from collections.abc import Iterable
from dataclasses import dataclass

from tui.vm.model.domain import Domain
from tui.vm.model.fix import Fix
from tui.vm.model.offer import Offer
from tui.vm.model.rules import devices, disks, fit, host
from tui.vm.model.rules.rule import BLOCKED, DOUBTFUL, NOTE, Case

RULES = (*disks.RULES, *devices.RULES, *fit.RULES, *host.RULES)


@dataclass(frozen=True)
class Blocker:
    """One reason and, in the same text, what mends it; `level` is one of the rules' levels.

    `fixes` are the changes that mend it, any of them. With `unless_copied`, copying the disks mends it, too.
    """

    text: str
    level: str = BLOCKED
    fixes: tuple[Fix, ...] = ()
    unless_copied: bool = False

    @property
    def blocks(self) -> bool:
        """Whether a migration would fail."""
        return self.level == BLOCKED

    @property
    def doubt(self) -> bool:
        """Whether a migration may fail."""
        return self.level == DOUBTFUL

    @property
    def note(self) -> bool:
        """Whether a migration succeeds, with a consequence."""
        return self.level == NOTE


def blockers(
    domain: Domain, folder: str, target: str, there: Offer | None, here: Offer | None, origin: str = ""
) -> tuple[Blocker, ...]:
    """What is known of the migration to `target`, blockers first; `there` and `here` are None if unknown.

    Only what mends a finding needs to know the `origin`.
    """
    case = Case(domain, folder, target, there, here, origin)
    found: dict[str, Blocker] = {}  # by text: two equal devices are one line, which mends the first
    for rule in RULES:
        for text, fixes in rule.judge(case):
            found.setdefault(text, Blocker(text, rule.level, fixes, rule.unless_copied))
    return tuple(sorted(found.values(), key=lambda each: (BLOCKED, DOUBTFUL, NOTE).index(each.level)))


def worst(found: Iterable[Blocker]) -> str:
    """The worst level among them; "" if there is none."""
    levels = {each.level for each in found}
    return next((level for level in (BLOCKED, DOUBTFUL, NOTE) if level in levels), "")
