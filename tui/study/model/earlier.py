"""One study in the list of all."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Earlier:
    """A study on disk; `state` is status.DAMAGED, and `why` says how, if it cannot be read."""

    id: str
    name: str
    began: datetime | None
    state: str
    done: int = 0
    total: int = 0
    why: str = ""
