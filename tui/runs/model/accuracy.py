"""How right the forecasts of several runs were: the share within the interval, and the median error."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from tui.forecast.model.interval import SHARE
from tui.runs.model.run import Run


@dataclass(frozen=True)
class Share:
    """`right` of `judged`."""

    right: int
    judged: int

    @property
    def words(self) -> str:
        """The share: "4 of 5 (80 %)"; a dash if none was judged."""
        return f"{self.right} of {self.judged} ({100 * self.right / self.judged:.0f} %)" if self.judged else "-"


@dataclass(frozen=True)
class Accuracy:
    """Of the runs that had a forecast; errors are medians of their amounts, as shares of the outcome."""

    runs: int
    verdict: Share
    total: Share
    downtime: Share
    total_error: float | None
    downtime_error: float | None

    @property
    def sentence(self) -> str:
        """All of it in one sentence."""
        found = [
            f"the verdict was right in {self.verdict.words}" if self.verdict.judged else "",
            _words("the total time", self.total, self.total_error),
            _words("the downtime", self.downtime, self.downtime_error),
        ]
        judged = "; ".join(each for each in found if each) or "none was judged"
        return f"Forecast against outcome, {self.runs} run{'' if self.runs == 1 else 's'}: {judged}."


def accuracy(runs: Iterable[Run]) -> Accuracy | None:
    """The accuracy of the runs with a forecast; None without any. Excluded runs do not count."""
    found = [run.forecast for run in runs if run.forecast is not None and not run.annotation.excluded]
    if not found:
        return None
    return Accuracy(
        len(found),
        _share([each.verdict_right for each in found]),
        _share([each.total_within for each in found]),
        _share([each.downtime_within for each in found]),
        _median([each.total_error for each in found]),
        _median([each.downtime_error for each in found]),
    )


def _share(judged: Sequence[bool | None]) -> Share:
    known = [each for each in judged if each is not None]
    return Share(sum(known), len(known))


def _median(errors: Sequence[float | None]) -> float | None:
    known = [abs(each) for each in errors if each is not None]
    return median(known) if known else None


def _words(name: str, share: Share, error: float | None) -> str:
    if not share.judged:
        return ""
    typical = "" if error is None else f", median error {error_text(error)}"
    return f"{name} was within its interval, which is to hold {100 * SHARE:.0f} %, in {share.words}{typical}"


def error_text(error: float | None) -> str:
    """The amount of an error: "6 %"; a dash if unknown."""
    return "-" if error is None else f"{100 * error:.0f} %"
