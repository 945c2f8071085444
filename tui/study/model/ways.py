"""Between which hosts the VM of a study goes there and back."""

from collections.abc import Sequence

from tui.core.failure import Failure
from tui.study.model.progress import BACK, OUT

WHAT = "The study cannot start"


def ends(between: Sequence[str], hosts: Sequence[str]) -> tuple[str, str]:
    """The two hosts of a study, the one where "out" starts first; `hosts` are the hypervisors. Raises Failure."""
    named = between or hosts
    unknown = [each for each in named if each not in hosts]
    known = f"The hosts are {', '.join(hosts)}."
    if unknown:
        raise Failure(WHAT, f"there is no host {unknown[0]}", known)
    if len(named) < 2:
        raise Failure(WHAT, f"{hosts[0]} is the only host", "Add another one to the configuration.")
    if len(named) > 2:
        raise Failure(
            WHAT, "its plan does not name the two hosts", f'Add between = ["{named[0]}", "{named[1]}"]. {known}'
        )
    return named[0], named[1]


def ways(between: Sequence[str], hosts: Sequence[str], origin: str) -> tuple[str, str]:
    """The target of a VM on the host `origin`, and the direction of its migration; Failure if it is on neither end."""
    one, other = ends(between, hosts)
    if origin not in (one, other):
        raise Failure("The VM cannot be migrated", f"it is on {origin}, and the study is between {one} and {other}")
    return (other, OUT) if origin == one else (one, BACK)
