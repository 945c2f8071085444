"""The result of a migration as facts: what a page, and the command line, show once it is over."""

import math
from pathlib import Path
from typing import NamedTuple

from tui.core.actions import LOG, RUNS, START
from tui.core.quantity import approximately, duration, size
from tui.forecast.model.interval import Interval
from tui.migration.model.after_move import autostart_words, clock_words, silence
from tui.migration.model.call.requested import decision_words
from tui.migration.model.record import number_in
from tui.migration.model.timeline import CANCELLED, COMPLETED, FAILED, LOST, Timeline
from tui.migration.model.verdict import BAD, GOOD, WARNING

PLAIN, STRONG = "plain", "strong"  # tones of a fact, besides WARNING and BAD

TITLES = {
    COMPLETED: ("Completed", GOOD),
    FAILED: ("Failed", BAD),
    CANCELLED: ("Cancelled", WARNING),
    LOST: ("Ended unobserved", WARNING),
}


class Fact(NamedTuple):
    """One fact with its label; actions in its text are tokens of core.actions."""

    label: str
    text: str
    tone: str = PLAIN


def title(timeline: Timeline) -> tuple[str, str]:
    """How it ended, and the tone of that."""
    words, tone = TITLES.get(timeline.phase, TITLES[LOST])
    how = " by post-copy" if timeline.phase == COMPLETED and timeline.post_copy_at is not None else ""
    return f"{words}{how}", tone


def facts(timeline: Timeline, folder: Path, origin: str, stopped: str | None = "") -> list[Fact]:
    """The facts, the most important first.

    `stopped` is why the VM can't be migrated again, or empty; None leaves out what comes next, as for a past run.
    """
    found = [*_what_happened(timeline), *_figures(timeline), *_decided(timeline), *_observed(timeline, origin)]
    found += _after_move(timeline)
    found += [Fact("not checked", sentence, WARNING) for sentence in timeline.unchecked]
    found.append(Fact("recorded in", home(folder)))
    if timeline.log_trouble:
        found.append(Fact("INCOMPLETE", timeline.log_trouble.replace(f" in {folder}", ""), BAD))
    return found if stopped is None else [*found, Fact("next", stopped or _next(timeline, origin))]


def _what_happened(timeline: Timeline) -> list[Fact]:
    found: list[Fact] = []
    if timeline.phase == FAILED:
        error = timeline.error
        found += [
            Fact(label, str(error[key]), tone)
            for label, key, tone in (("what", "what", STRONG), ("why", "why", PLAIN), ("try", "hint", PLAIN))
            if error.get(key)
        ]
    if timeline.verified is not None:
        ok, sentence = timeline.verified
        found.append(Fact("the VM", sentence, STRONG if ok else BAD))
    if timeline.advice:
        found.append(Fact("to do", timeline.advice, WARNING))
    return found


def _decided(timeline: Timeline) -> list[Fact]:
    decision = timeline.decision
    return [Fact("automatic", decision_words(decision))] if decision else []


def _figures(timeline: Timeline) -> list[Fact]:
    point, final = timeline.point, timeline.final
    sent = max(
        number_in(final, "memory_processed") or 0.0, point.transferred if point else 0
    )  # the same figure as in run.toml
    passes = timeline.passes_of_pre_copy
    text = _total(timeline) + (f", {_downtime(timeline)}" if timeline.phase == COMPLETED else "")
    memory = f"{size(sent)} sent"
    if _passes_known(timeline):
        least = "at least " if _without_result(timeline) else ""
        memory += f" in {least}{passes} pass{'' if passes == 1 else 'es'}"
    if timeline.ended_between and not final:
        memory += f" until {duration(timeline.ended_between[0])} after the start, the last sample"
    faults = int(number_in(final, "memory_postcopy_requests") or 0) or (point.faults if point else 0)
    if timeline.post_copy_at is not None:
        memory += f", then post-copy with {faults:,} page{'' if faults == 1 else 's'} fetched on demand"
    disks = disks_copied(timeline)
    copied = [Fact("disks", f"{size(disks)} copied")] if disks else []
    return [Fact("time", text), *_forecast(timeline), Fact("memory", memory), *copied]


def disks_copied(timeline: Timeline) -> int:
    """How many bytes of disks were copied, by libvirt's final figures or the samples; 0 if none were."""
    return max(int(number_in(timeline.final, "disk_processed") or 0), timeline.disks.processed)


def _forecast(timeline: Timeline) -> list[Fact]:
    """What was forecast before the start, and whether the outcome is within its intervals."""
    before = timeline.forecasts.before
    if before is None or before.judged is None:
        return []
    judged = before.judged
    if not judged.converges:
        return [Fact("forecast", f"{judged.technique} does not converge")]
    downtime_ms = number_in(timeline.final, "downtime")
    total = _judged(judged.total_s, timeline.total_s if timeline.phase == COMPLETED else None)
    downtime = _judged(judged.downtime_s, None if downtime_ms is None else downtime_ms / 1000)
    return [Fact("forecast", f"{total}, downtime {downtime}")]


def _judged(forecast: Interval, actual: float | None) -> str:
    """The interval of a forecast, and on which side of it the outcome is, if that is known."""
    high = "no end" if math.isinf(forecast.high) else approximately(forecast.high)
    text = f"{approximately(forecast.low)} to {high}"
    if actual is None or actual in forecast:
        return text if actual is None else f"{text}: within"
    return f"{text}: {'below' if actual < forecast.low else 'above'}"


def _without_result(timeline: Timeline) -> bool:
    """Whether it was imported from a log that ends before the migration does."""
    return bool(timeline.options.get("imported")) and not timeline.final


def _passes_known(timeline: Timeline) -> bool:
    """Whether the log has the number of the pass; that of an imported run may be of a libvirt that had none."""
    if not timeline.options.get("imported"):
        return True
    return "memory_iteration" in {**(timeline.last.stats if timeline.last is not None else {}), **timeline.final}


def _observed(timeline: Timeline, origin: str) -> list[Fact]:
    """The downtime that the network and the guest saw, beside libvirt's."""
    observed = timeline.observed
    if observed is None:
        return []
    if observed.unmeasured_why:
        return [Fact("downtime", f"no outside measurement: {observed.unmeasured_why}")]
    silent = silence(timeline, origin)
    explained = [Fact("silence", silent, WARNING)] if silent else []
    return [Fact("network", observed.network), *explained, Fact("guest", observed.guest)]


def _after_move(timeline: Timeline) -> list[Fact]:
    found = [
        Fact("clock", clock_words(timeline), PLAIN),
        Fact("autostart", autostart_words(timeline), WARNING if (timeline.autostart or {}).get("why") else PLAIN),
    ]
    return [each for each in found if each.text]


def _total(timeline: Timeline) -> str:
    if timeline.total_s is not None:
        return f"{'at least ' if _without_result(timeline) else ''}{duration(timeline.total_s)} in total"
    last, again = timeline.ended_between or (0.0, timeline.now)
    return f"unknown: it ended unobserved between {duration(last)} and {duration(again)} after the start"


def _downtime(timeline: Timeline) -> str:
    if "downtime" not in timeline.final:
        return "libvirt has no downtime"
    return f"downtime {duration((number_in(timeline.final, 'downtime') or 0.0) / 1000)} by libvirt"


def _next(timeline: Timeline, origin: str) -> str:
    if not timeline.target and timeline.phase in (COMPLETED, LOST):  # it is on no configured host
        return f"{RUNS} shows all runs"
    if timeline.phase == COMPLETED:
        return f"{START} migrates it back to {origin}, {RUNS} shows all runs"
    if timeline.advice:  # what to do comes first
        return f"{LOG} shows libvirt's messages, {RUNS} shows all runs"
    return f"{START} tries again, {LOG} shows libvirt's messages, {RUNS} shows all runs"


def home(path: Path) -> str:
    """The path with ~ for the home folder."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(path)
