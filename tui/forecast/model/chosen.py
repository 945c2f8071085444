"""Which of the techniques of a forecast a plan is."""

from tui.core.plan import POST_COPY_TIMEOUT, Plan
from tui.forecast.model.forecast import AUTO_CONVERGE, AUTOMATIC, PRE_COPY, timeout_name


def chosen(plan: Plan) -> str:
    """The name of the forecast of a plan; post-copy by hand is pre-copy until a person switches."""
    if plan.technique == AUTOMATIC:
        return AUTOMATIC
    if plan.technique == POST_COPY_TIMEOUT:
        return timeout_name(plan.timeout_s)
    return AUTO_CONVERGE if plan.auto_converge else PRE_COPY
