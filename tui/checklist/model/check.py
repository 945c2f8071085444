"""One thing to be looked at on a host: what it must be and why, and what was found."""

from dataclasses import dataclass

from tui.core.failure import Failure
from tui.linux.change import Change

OK, WARNING, FAILED, UNKNOWN, NOT_NEEDED = "ok", "warning", "failed", "unknown", "not needed"
STATES = (OK, WARNING, FAILED, UNKNOWN, NOT_NEEDED)


@dataclass(frozen=True)
class Finding:
    """What a look showed: one of STATES, what was found, what is wanted; sentences without a full stop.

    `hint` is what a person can do where the app can't; `detail` the host's own words, shown on demand.
    """

    state: str
    found: str
    wanted: str = ""
    hint: str = ""
    detail: str = ""

    @property
    def good(self) -> bool:
        """Whether what builds on it can be tried."""
        return self.state in (OK, WARNING, NOT_NEEDED)


def from_failure(failure: Failure, state: str = UNKNOWN, wanted: str = "") -> Finding:
    """What could not be looked at, and why: unknown, unless just that is the fault."""
    found = f"{failure.what}: {failure.why}" if failure.why else failure.what
    return Finding(state, found.rstrip("."), wanted, failure.hint, failure.detail)


def last_line(text: str) -> str:
    """The last line a command printed, as that has its reason, without a full stop; empty where it printed nothing."""
    lines = [line.strip().rstrip(".") for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


@dataclass(frozen=True)
class Item:
    """A line of a checklist as it stands now; `finding` is None before the first look.

    `change` is what would make it right and `undo` what takes back what the app has applied here; None where there is
    nothing to do. `why_not` says why `change` can't be applied now, or why there is none although it is needed.
    """

    id: str  # unique in its list, such as "storage.exports"
    host: str  # source, destination or storage: where it is looked at, and changed
    title: str  # what must be so: "the folder is exported to both hosts"
    why: str  # what it is needed for
    finding: Finding | None = None
    change: Change | None = None
    why_not: str = ""
    undo: Change | None = None

    @property
    def state(self) -> str:
        return UNKNOWN if self.finding is None else self.finding.state

    @property
    def missing(self) -> bool:
        """Whether "apply all that is missing" has something to do here, now or when what it builds on is done."""
        return self.change is not None and not (self.finding is not None and self.finding.good)
