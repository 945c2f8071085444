"""The forecast of one migration: every technique side by side, each with an interval."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from tui.core.plan import AT_ONCE, OURS, PRE_COPY
from tui.forecast.model.dirty_curve import DEVIATIONS, DirtyCurve
from tui.forecast.model.interval import Interval
from tui.forecast.model.pre_copy import Link, Outcome, margin, post_copy, pre_copy

AUTO_CONVERGE = "auto-converge"  # the other names of techniques are those of core.plan
SETUP_S = Interval(0.5, 1.0, 2.0)  # until earlier runs of the two hosts show it; measured in the lab: about 1 s
DEVICE_S = Interval(0.02, 0.04, 0.2)
# The pause of a switch to post-copy. QEMU counts it until the source has sent the devices, not until the destination
# has loaded them, so it is shorter: 3 to 45 ms in the lab.
SWITCH_S = Interval(0.003, 0.01, 0.2)
# By how much the rest of a pass that ends pre-copy takes less than the maximum downtime: QEMU looks at it after up to
# 50 ms of sending (MAX_WAIT in migration/ram.c).
EARLY_S = Interval(0.0, 0.025, 0.1)
# What remains after the first pass over a VM whose memory is partly free, as a share of what may: most often, the end
# of its memory is free. The lab's idle guest had 0.5 at 1 Gbit/s.
TAIL = Interval(0.0, 0.5, 1.0)
OPPOSITE = {"low": "high", "high": "low"}  # bounds
BORDER = 0.1  # so near to the border between converging and not, a verdict is a guess


@dataclass(frozen=True)
class Inputs:
    """What a forecast starts from: bytes, seconds, bytes per second, and where the bandwidth is known from.

    `device_s` is what the devices add to the pause of pre-copy, `switch_s` the pause of a switch to post-copy.

    `first` is what the first pass sends: the memory in use. `post_copy_refused` is why post-copy can't be used.
    With `auto_converge`, the techniques that may use it slow the VM down; those that are named for it always do.
    `policy` and `total_s` are those of the technique "automatic".
    """

    curve: DirtyCurve
    first: Interval
    bandwidth: Interval
    bandwidth_source: str
    max_downtime_s: float
    setup_s: Interval = SETUP_S
    device_s: Interval = DEVICE_S
    switch_s: Interval = SWITCH_S
    timeout_s: float | None = None  # of a technique with one, if that is the plan
    post_copy_refused: str = ""
    exact_curve: bool = False  # the curve is not sampled, so it has no sampling error
    auto_converge: bool = False
    policy: str = OURS
    total_s: float = 0.0  # 0 for no limit
    suspended: bool = False  # after the timeout, in place of post-copy

    @property
    def densest(self) -> tuple[float, float]:
        """The measured point (seconds, bytes) within the first pass with the most bytes a second; there must be one."""
        longest = self.first.likely / max(1.0, self.bandwidth.likely)
        points = self.curve.points
        return max([each for each in points if each[0] <= longest] or points[:1], key=lambda each: each[1] / each[0])

    def variants(self) -> Iterator[tuple[DirtyCurve, Link, str]]:
        """The inputs at the bounds of what they may be, and which bound of `first` belongs to them; likely ones first.

        A slow link with much to send, and a fast one with little, are the extremes.
        """
        likely = self.link()
        yield self.curve, likely, "likely"
        for bound in ("low", "high"):  # whatever the pass is that ends it
            yield (
                self.curve,
                replace(
                    likely,
                    device_s=self.device_s.at(bound),
                    switch_s=self.switch_s.at(bound),
                    early_s=EARLY_S.at(OPPOSITE[bound]),
                    tail=TAIL.at(bound),
                ),
                "likely",
            )
        curves = [self.curve]
        if not self.exact_curve:
            least, most = self.curve.deviating(-DEVIATIONS), self.curve.deviating(DEVIATIONS)
            curves = [least.flattest(), self.curve, most.steepest()]
        for curve, bound in product(curves, ("low", "likely", "high")):
            yield curve, self.link(bound), OPPOSITE.get(bound, bound)

    def link(self, bound: str = "likely") -> Link:
        """The link at its likely, its low (slow) or its high (fast) bound."""
        opposite = OPPOSITE.get(bound, bound)  # a slow link also takes long to connect
        return Link(
            max(1.0, self.bandwidth.at(bound)),
            self.setup_s.at(opposite),
            self.device_s.at(opposite),
            self.switch_s.at(opposite),
            EARLY_S.at(bound),
            TAIL.at(opposite),
        )


@dataclass(frozen=True)
class Forecast:
    """What one technique comes to: seconds and bytes, infinite if it does not converge.

    `left` are the bytes that each pass leaves if it does not converge, else those of the last; `ratio` is the margin of
    pre-copy: it converges below 1.
    """

    technique: str
    converges: bool  # most likely
    certain: bool  # so do all bounds
    total_s: Interval
    downtime_s: Interval
    sent: Interval
    passes: Interval
    left: float
    ratio: float

    @property
    def near_border(self) -> bool:
        """Whether the likely verdict is a guess."""
        return abs(self.ratio - 1) <= BORDER

    @property
    def sure(self) -> bool:
        """Whether `converges` may be said without a doubt; the border is that of pre-copy."""
        return self.certain and not (self.technique == PRE_COPY and self.near_border)


def forecast(technique: str, inputs: Inputs) -> Forecast:
    """The forecast of a technique: PRE_COPY, AUTO_CONVERGE or AT_ONCE; that of "automatic" is in `steered`."""
    downtime = inputs.max_downtime_s

    def run(curve: DirtyCurve, link: Link, bound: str) -> Outcome:
        first = inputs.first.at(bound)
        if technique == AT_ONCE:
            return post_copy(curve, link, first, 0.0, downtime)
        return pre_copy(curve, link, first, downtime, auto_converge=technique == AUTO_CONVERGE)

    return combined(technique, inputs, run)


def after_timeout(inputs: Inputs, timeout_s: float) -> Forecast:
    """The forecast of post-copy after a timeout, in seconds since the start; or of the suspension after it."""
    slowed, suspended = inputs.auto_converge, inputs.suspended

    def run(curve: DirtyCurve, link: Link, bound: str) -> Outcome:
        switch_s, downtime = max(0.0, timeout_s - link.setup_s), inputs.max_downtime_s
        first = inputs.first.at(bound)
        return post_copy(curve, link, first, switch_s, downtime, auto_converge=slowed, suspended=suspended)

    return combined(timeout_name(timeout_s, suspended=suspended), inputs, run)


def timeout_name(timeout_s: float, *, suspended: bool = False) -> str:
    """The name of the technique of `after_timeout`."""
    return f"{'suspended' if suspended else 'post-copy'} after {timeout_s:g} s"


def combined(technique: str, inputs: Inputs, run: Callable[[DirtyCurve, Link, str], Outcome]) -> Forecast:
    """The forecast of a technique from its outcomes at the bounds of what the inputs may be, the likely one first."""
    likely, *others = [run(*each) for each in inputs.variants()]

    def interval(name: str) -> Interval:
        return Interval.around(getattr(likely, name), (getattr(each, name) for each in others))

    return Forecast(
        technique,
        likely.converges,
        all(each.converges == likely.converges for each in others),
        interval("total_s"),
        interval("downtime_s"),
        interval("sent"),
        interval("passes"),
        likely.left,
        margin(inputs.curve, inputs.link(), inputs.first.likely, inputs.max_downtime_s),
    )
