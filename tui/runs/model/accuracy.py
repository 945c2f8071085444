"""How right the forecasts of several runs were: the share within the interval, and the median error."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from tui.core.plain_text import plain
from tui.forecast.model.interval import SHARE
from tui.runs.model.run import Run
from tui.runs.model.run_forecast import LONGEST_NAME, RunForecast

AFTER = " after "  # in the name of a technique, before its moment


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
    """Of the runs that had a forecast; errors are medians of their amounts, as shares of the outcome.

    `technique` is empty if they are of several ones.
    """

    technique: str
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
        of = f" of {self.technique}" if self.technique else ""
        return f"Forecast{of} against outcome, {self.runs} run{'' if self.runs == 1 else 's'}: {judged}."


def accuracy(runs: Iterable[Run]) -> Accuracy | None:
    """The accuracy of the runs with a forecast; None without any. Excluded runs do not count."""
    found = [run.forecast for run in runs if run.forecast is not None and not run.annotation.excluded]
    if not found:
        return None
    techniques = {_technique(each) for each in found}
    return Accuracy(
        techniques.pop() if len(techniques) == 1 else "",
        len(found),
        _share([each.verdict_right for each in found]),
        _share([each.total_within for each in found]),
        _share([each.downtime_within for each in found]),
        _median([each.total_error for each in found]),
        _median([each.downtime_error for each in found]),
    )


def by_technique(runs: Sequence[Run]) -> list[Accuracy]:
    """The accuracy of the forecasts of each technique: an interval may be right for one and too narrow for another."""
    names = dict.fromkeys(_technique(run.forecast) for run in runs if run.forecast is not None)
    found = (accuracy(run for run in runs if run.forecast and _technique(run.forecast) == name) for name in names)
    return [each for each in found if each is not None]


def _technique(forecast: RunForecast) -> str:
    """Its technique without the moment of a switch by hand, which is different in each run."""
    name = " ".join(plain(forecast.technique).split())[:LONGEST_NAME]
    before, after, _moment = name.partition(AFTER)
    return f"{before}{after.rstrip()}"


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
