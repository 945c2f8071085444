"""One ended run of a study as the cells of a table."""

from collections.abc import Mapping
from typing import Any

from tui.core.quantity import duration
from tui.study.model.progress import DONE_CENSORED, SHORT_ENDS

COLUMNS = ("run", "setting", "repeat", "way", "result", "total", "downtime", "why")
RIGHT = frozenset({"run", "total", "downtime"})
UNKNOWN = "-"


def run_cells(run: Mapping[str, Any]) -> dict[str, str]:
    """The texts of a run, by the names of the columns."""
    total_s, downtime_s = run["total_s"], run.get("downtime_s")
    above = ">" if run["result"] == DONE_CENSORED and downtime_s is None else ""
    return {
        "run": str(run["number"]),
        "setting": str(run["short"]),
        "repeat": "warm-up" if run["warm_up"] else str(run["repeat"]),
        "way": str(run["direction"]) or UNKNOWN,
        "result": SHORT_ENDS.get(run["result"], str(run["result"])),
        "total": f"{above}{duration(total_s)}" if total_s is not None else UNKNOWN,
        "downtime": duration(downtime_s) if downtime_s is not None else UNKNOWN,
        "why": str(run["why"]),
    }
