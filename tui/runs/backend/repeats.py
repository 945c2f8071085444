"""What a few chosen runs show as groups of repeats, in sentences. Blocks: scipy takes a second to load."""

from collections.abc import Sequence

from tui.runs.backend.comparison import compare
from tui.runs.backend.report.page import OPTIONS
from tui.runs.model.difference import repeated
from tui.runs.model.findings import findings
from tui.runs.model.groups import differing, grouped, names
from tui.runs.model.measure import measured
from tui.runs.model.run import Run

SINGLE = "No two of these runs are repeats with equal settings, so chance may explain any difference."


def sentences(runs: Sequence[Run]) -> list[str]:
    """Medians with intervals and tests of the groups, as in a report; else the one reason why there are none."""
    groups = grouped(measured(runs))
    if not repeated(groups):
        return [SINGLE]
    settings = [group.settings for group in groups]
    comparison = compare(groups, by=[axis for axis in OPTIONS if axis in differing(settings)])
    if comparison.missing:
        return [comparison.missing]
    return findings(comparison, names(settings) if len(settings) > 1 else ["all runs"])
