"""What evacuations have moved away from a host, for the plan that brings it back. Blocks."""

from dataclasses import dataclass
from pathlib import Path

from tui.core.failure import Failure
from tui.queue.backend import store
from tui.queue.backend.store import Queue
from tui.queue.model.plan import EVACUATE
from tui.queue.model.progress import MOVED
from tui.vm.model.maintenance import Marks


@dataclass(frozen=True)
class Return:
    """A VM that was moved away, and where it went."""

    vm: str
    uuid: str
    target: str


def returns(queues: Path, config: str, host: str, marks: Marks) -> list[Return]:
    """The VMs that left a host since it is in maintenance, else in its newest evacuation; raises Failure."""
    found = _evacuations(queues, config, host)
    if not found and host not in marks:
        raise Failure(f"Nothing was moved away from {host}", "no evacuation of it was recorded")
    if host in marks:
        found = [each for each in found if each.began >= marks[host].since or each.id == marks[host].queue]
    else:
        found = found[:1]
    moved: dict[str, Return] = {}
    for queue in found:  # the newest first: where a VM went last counts
        for entry in queue.plan.movable:
            known = queue.progress.of(entry.number)
            if known.state == MOVED:
                moved.setdefault(entry.uuid, Return(entry.vm, entry.uuid, known.target or entry.target))
    return list(moved.values())


def _evacuations(queues: Path, config: str, host: str) -> list[Queue]:
    """The evacuations of a host, the newest first; damaged ones are left out, `queue status` reports them."""
    found = []
    for folder in store.own(queues, config):
        try:
            queue = store.load(folder)
        except Failure:
            continue
        if (queue.plan.purpose, queue.plan.host) == (EVACUATE, host):
            found.append(queue)
    return found
