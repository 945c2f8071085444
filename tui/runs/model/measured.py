"""What statistics need of one run: its settings, what became of it, and its figures, some of them only lower bounds."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path

COMPLETED, CENSORED, FAILED, EXCLUDED, OPEN = "completed", "censored", "failed", "excluded", "no end"
STATUSES = (COMPLETED, CENSORED, FAILED, EXCLUDED, OPEN)


@dataclass(frozen=True)
class Value:
    """A measured amount; `above`: the true one is larger, because the run or the probe ended before it was reached."""

    amount: float
    above: bool = False


@dataclass(frozen=True)
class Settings:
    """The settings of a run, each as text; runs with equal ones are repeats. Empty is unknown or not set."""

    vm: str = ""
    accelerator: str = ""
    workload: str = ""
    technique: str = ""
    bandwidth: str = ""
    limit: str = ""
    connections: str = ""
    throttle: str = ""
    further: str = ""
    direction: str = ""
    cell: str = ""


AXES = tuple(each.name for each in fields(Settings))


@dataclass(frozen=True)
class Measured:
    """One run; `why` is the reason of its exclusion or its failure, `facts` what should be equal within a group.

    A figure that is missing was not measured. Only completed and censored runs have figures that count.
    """

    name: str
    settings: Settings
    status: str = COMPLETED
    why: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)
    without_post_copy: bool = True  # pre-copy alone converged
    began: datetime | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path()

    @property
    def counts(self) -> bool:
        """Whether its figures are part of the statistics."""
        return self.status in (COMPLETED, CENSORED)
