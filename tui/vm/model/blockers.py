"""What blocks the migration of a VM, makes it doubtful, or is worth a note, each as a sentence."""

from dataclasses import dataclass

from tui.vm.model.domain import Domain
from tui.vm.model.offer import Offer
from tui.vm.model.rules import devices, disks, fit, host
from tui.vm.model.rules.rule import BLOCKED, DOUBTFUL, NOTE, Case

RULES = (*disks.RULES, *devices.RULES, *fit.RULES, *host.RULES)


@dataclass(frozen=True)
class Blocker:
    """One reason and, in the same text, what mends it; `level` is one of the rules' levels."""

    text: str
    level: str = BLOCKED

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


def blockers(domain: Domain, folder: str, target: str, there: Offer | None, here: Offer | None) -> tuple[Blocker, ...]:
    """What is known of the migration to `target`, blockers first; `there` and `here` are None if unknown."""
    case = Case(domain, folder, target, there, here)
    found = [Blocker(f"{sentence} {fix}".rstrip(), rule.level) for rule in RULES for sentence, fix in rule.judge(case)]
    return tuple(sorted(dict.fromkeys(found), key=lambda each: (BLOCKED, DOUBTFUL, NOTE).index(each.level)))
