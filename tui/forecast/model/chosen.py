"""Which of the techniques of a forecast a plan is."""

from tui.core.plan import AUTOMATIC, PRE_COPY, SUSPEND_TIMEOUT, TIMED, Plan
from tui.forecast.model.forecast import AUTO_CONVERGE, timeout_name


def chosen(plan: Plan) -> str:
    """The name of the forecast of a plan.

    Post-copy by hand is pre-copy until a person switches, and "automatic" is it in the shadow.
    """
    if plan.technique == AUTOMATIC and not plan.shadow:
        return AUTOMATIC
    if plan.technique in TIMED:
        return timeout_name(plan.timeout_s, suspended=plan.technique == SUSPEND_TIMEOUT)
    return AUTO_CONVERGE if plan.auto_converge else PRE_COPY
