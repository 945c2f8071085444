"""What a client may request of the queues in the runner: the names of the requests, and what a plan is made for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tui.core.failure import Failure
from tui.core.plan import TECHNIQUES
from tui.queue.model.limits import Limits, limits_of
from tui.queue.model.plan import BACK, EVACUATE, MOVE

PLAN, START, STATUS = "queue-plan", "queue-start", "queue-status"
PAUSE, RESUME, TAKE_OUT, STOP = "queue-pause", "queue-resume", "queue-take-out", "queue-stop"
MAINTENANCE, LIMIT = "queue-maintenance", "queue-limit"


@dataclass(frozen=True)
class Wish:
    """What a plan is asked for: `host` is emptied (EVACUATE) or gets its VMs back (BACK), or `vms` move (MOVE).

    `to` are the hosts that may take them, none for any. `preset` has the options of the migrations, "" for those of
    [migration]; `technique` "" is the one that these options have.
    """

    purpose: str = EVACUATE
    host: str = ""
    vms: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    technique: str = ""
    limits: Limits = field(default_factory=Limits)
    preset: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        """The wish as JSON."""
        about = {"purpose": self.purpose, "host": self.host, "vms": list(self.vms), "to": list(self.to)}
        return {**about, "technique": self.technique, "limits": self.limits.fields, "preset": self.preset}


def wish_of(values: Mapping[str, Any]) -> Wish:
    """The wish of such JSON; raises Failure."""
    names = ("purpose", "host", "technique", "preset")
    purpose, host, technique, preset = (values.get(name, "") for name in names)
    lists = {name: values.get(name, []) for name in ("vms", "to")}
    texts = [purpose, host, technique, preset]
    texts += [name for each in lists.values() if isinstance(each, list) for name in each]
    are_lists = all(isinstance(each, list) for each in lists.values())
    if not are_lists or not all(isinstance(each, str) for each in texts) or purpose not in (EVACUATE, BACK, MOVE):
        raise Failure("A request for the plan of a queue is malformed", str(dict(values)))
    if technique and technique not in TECHNIQUES:
        raise Failure(f"There is no technique {technique!r}", f"the techniques are {', '.join(TECHNIQUES)}")
    vms, to = tuple(lists["vms"]), tuple(lists["to"])
    return Wish(purpose, host, vms, to, technique, limits_of(values.get("limits", {})), preset)
