"""Measures what a forecast starts from."""

from dataclasses import dataclass

from tui.core.failure import Failure
from tui.forecast.model.forecast import Inputs


@dataclass(frozen=True)
class Progress:
    """How much of the measurement is done; `inputs` are None until its first window has ended."""

    done_s: float
    of_s: float
    inputs: Inputs | None


class BandwidthUnknown(Failure):
    """The bandwidth between the two hosts is not known: no earlier run, no limit, no probe."""
