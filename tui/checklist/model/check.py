"""One check of a host: its requirement, the reason for it, and the finding."""

from dataclasses import dataclass

from tui.core.failure import Failure
from tui.linux.change import Change
from tui.linux.packages import Package

OK, WARNING, FAILED, UNKNOWN, NOT_NEEDED = "ok", "warning", "failed", "unknown", "not needed"
STATES = (OK, WARNING, FAILED, UNKNOWN, NOT_NEEDED)


@dataclass(frozen=True)
class Finding:
    """The result of a check: one of STATES, what was found and what is required, without a full stop.

    `hint` is what the user can do where the app can't; `detail` is the host's own output, shown on demand.
    """

    state: str
    found: str
    wanted: str = ""
    hint: str = ""
    detail: str = ""

    @property
    def good(self) -> bool:
        """Whether the steps that depend on it can run."""
        return self.state in (OK, WARNING, NOT_NEEDED)


def from_failure(failure: Failure, state: str = UNKNOWN, wanted: str = "") -> Finding:
    """The finding where facts can't be read: UNKNOWN, unless that itself is the fault."""
    found = failure.reason
    return Finding(state, found.rstrip("."), wanted, failure.hint, failure.detail)


def check_lists(package: Package) -> Finding:
    """Whether the package is installed or available."""
    if package.installed:
        return Finding(NOT_NEEDED, f"installed: {package.name}")
    if package.manager != "apt":
        return Finding(NOT_NEEDED, "this host does not use apt")
    if package.known:
        return Finding(OK, f"apt offers {package.name}")
    found = f"apt does not offer {package.name}: its lists are empty or old"
    return Finding(FAILED, found, f"{package.name} in the package lists", detail=package.output)


def last_line(text: str) -> str:
    """The last line of a command's output, where the reason of its failure is, without a full stop; may be empty."""
    lines = [line.strip().rstrip(".") for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


@dataclass(frozen=True)
class Item:
    """The current state of one line of a checklist; `finding` is None until its facts are read.

    `change` fixes it and `undo` reverts what the app has applied here; None where there is nothing to do. `why_not` is
    the reason why `change` can't be applied now, or why there is none although it is needed.
    """

    id: str  # unique in its list, such as "storage.exports"
    host: str  # the host that is checked and changed
    title: str  # the requirement: "the folder is exported to both hosts"
    why: str  # the reason for it
    finding: Finding | None = None
    change: Change | None = None
    why_not: str = ""
    undo: Change | None = None

    @property
    def state(self) -> str:
        """The state of its finding; UNKNOWN until its facts are read."""
        return UNKNOWN if self.finding is None else self.finding.state

    @property
    def missing(self) -> bool:
        """Whether "fix all" has something to do here, now or once the steps that it needs are good."""
        return self.change is not None and not (self.finding is not None and self.finding.good)
