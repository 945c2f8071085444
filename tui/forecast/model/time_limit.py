"""The longest total time that the user allows: the last moment at which post-copy still keeps it."""

from tui.core.quantity import duration
from tui.forecast.model.policy import POST_COPY, Decision, View


def decide(view: View, total_s: float) -> Decision | None:
    """Post-copy when only it still ends within `total_s` seconds since the start, 0 for no limit.

    That is so at the begin of a pass that will leave more than can be sent in the time after it. In the first pass
    `remaining` counts also the zero pages, which take no time. So it is the forecast that shows what is still to be
    sent; without one, that pass is left to its end while the time has not passed.
    """
    if not total_s or not view.post_copy or not view.bandwidth:
        return None
    rest = view.remaining if view.passes else view.to_send
    if rest is None:
        passed = f"the longest total time is {total_s:g} s, which have passed in the first pass"
        return Decision(POST_COPY, passed) if view.elapsed_s >= total_s else None
    rest_s = rest / view.bandwidth
    if view.passes and rest_s <= view.max_downtime_s:
        return None
    if view.elapsed_s + rest_s >= total_s:
        return Decision(POST_COPY, f"the longest total time is {total_s:g} s, and the rest needs {duration(rest_s)}")
    next_s = _left(view, view.in_pass_s + rest_s) / view.bandwidth
    if next_s > view.max_downtime_s and view.elapsed_s + rest_s + next_s > total_s:
        return Decision(POST_COPY, f"the longest total time is {total_s:g} s, and one more pass would exceed it")
    return None


def _left(view: View, seconds: float) -> float:
    """What the pass that takes so many seconds will likely leave; 0 if nothing shows it.

    The newest pass shows it, or in the first one the measured dirty curve.
    """
    if not view.passes:
        return 0.0 if view.inputs is None else view.inputs.curve.at(seconds)
    return view.passes[-1].left_after(seconds)
