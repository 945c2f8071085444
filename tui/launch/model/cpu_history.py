"""The CPU use of each VM over the last minutes."""

from array import array
from collections.abc import Mapping, Sequence

from tui.vm.model.use import Use

STEP_S = 5.0  # of the means that are kept, because there may be a thousand VMs
KEPT = 60  # means of a VM: five minutes


class CpuHistory:
    """A mean for each step of a VM; a VM of which nothing is known any more is forgotten."""

    def __init__(self) -> None:
        self._means: dict[str, array[float]] = {}
        self._step: dict[str, list[float]] = {}  # what was read since the last mean
        self._began: dict[str, float] = {}  # by host, its step

    def add(self, host: str, uses: Mapping[str, Use], at_s: float) -> None:
        """Add what the VMs of one host use, `at_s` by a clock that only rises."""
        for name, use in uses.items():
            if use.cpu_percent is not None:
                self._step.setdefault(name, []).append(use.cpu_percent)
        if at_s - self._began.setdefault(host, at_s) < STEP_S:
            return
        self._began[host] = at_s
        for name in uses:
            values = self._step.pop(name, [])
            if values:
                means = self._means.setdefault(name, array("f"))
                means.append(sum(values) / len(values))
                del means[:-KEPT]

    def keep(self, names: Sequence[str]) -> None:
        """Forget all VMs but these."""
        for known in (self._means, self._step):
            for name in known.keys() - set(names):
                del known[name]

    def of(self, name: str) -> Sequence[float]:
        """The means of one VM in percent of one CPU, the oldest first."""
        return self._means.get(name, ())
