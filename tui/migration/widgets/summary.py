"""The panel with the result of a migration."""

from pathlib import Path

from textual.content import Content

from tui.core.actions import LOG, RUNS, START, WithKeys
from tui.core.quantity import duration, size
from tui.migration.model.record import number_in
from tui.migration.model.timeline import CANCELLED, COMPLETED, FAILED, LOST, Timeline
from tui.ui.lines import Lines

TITLES = {
    COMPLETED: ("Completed", "good"),
    FAILED: ("Failed", "bad"),
    CANCELLED: ("Cancelled", "warning"),
    LOST: ("Ended unobserved", "warning"),
}
LABEL = 13
Fact = tuple[str, str, str]  # label, text, style


class Outcome(Lines):
    """Shows a timeline that is over."""

    DEFAULT_CSS = """
    Outcome { border: round $foreground; padding: 0 1; height: auto; border-title-style: bold; }
    Outcome.good { border: round $success; border-title-color: $success; }
    Outcome.warning { border: round $warning; border-title-color: $warning; }
    Outcome.bad { border: round $error; border-title-color: $error; }
    """

    def show_end(
        self, timeline: Timeline, folder: Path, origin: str, stopped: str, width: int, with_keys: WithKeys
    ) -> None:
        """Show the result, `width` cells wide; `stopped` is why the VM can't be migrated again, or empty."""
        title, tone = TITLES.get(timeline.phase, TITLES[LOST])
        how = " by post-copy" if timeline.phase == COMPLETED and timeline.post_copy_at is not None else ""
        self.border_title = Content(f"{title}{how}")
        self.set_classes(tone)
        self.show(*outcome_lines(timeline, folder, origin, width - 4, with_keys, stopped))


def outcome_lines(
    timeline: Timeline, folder: Path, origin: str, width: int, with_keys: WithKeys, stopped: str = ""
) -> tuple[Content, ...]:
    """The facts of the result, the most important first."""
    facts = [*_what_happened(timeline), *_figures(timeline), *_observed(timeline)]
    facts.append(("recorded in", home(folder), ""))
    if timeline.log_trouble:
        trouble = timeline.log_trouble.replace(f" in {folder}", "")  # the line above has the folder
        facts.append(("INCOMPLETE", trouble, "bold $error"))
    facts.append(("next", stopped or _next(timeline, origin), ""))
    return tuple(
        line for label, text, style in facts for line in _lines(label, with_keys(text), style, max(10, width - LABEL))
    )


def _lines(label: str, text: str, style: str, width: int) -> list[Content]:
    wrapped = Content.styled(text, style).wrap(width)
    return [Content.assemble(f"{'' if n else label:<{LABEL}}", line) for n, line in enumerate(wrapped)]


def _what_happened(timeline: Timeline) -> list[Fact]:
    lines: list[Fact] = []
    if timeline.phase == FAILED:
        error = timeline.error
        lines += [
            (label, str(error[key]), style)
            for label, key, style in (("what", "what", "bold"), ("why", "why", ""), ("try", "hint", ""))
            if error.get(key)
        ]
    if timeline.verified is not None:
        ok, sentence = timeline.verified
        lines.append(("the VM", sentence, "bold" if ok else "bold $error"))
    if timeline.advice:
        lines.append(("to do", timeline.advice, "bold $warning"))
    return lines


def _figures(timeline: Timeline) -> list[Fact]:
    point, final = timeline.point, timeline.final
    sent = max(
        number_in(final, "memory_processed") or 0.0, point.transferred if point else 0
    )  # the same figure as in run.toml
    passes = timeline.passes_begun
    text = _total(timeline) + (f", {_downtime(timeline)}" if timeline.phase == COMPLETED else "")
    memory = f"{size(sent)} sent in {passes} pass{'' if passes == 1 else 'es'}"
    if timeline.ended_between and not final:
        memory += f" until {duration(timeline.ended_between[0])} after the start, the last sample"
    faults = int(number_in(final, "memory_postcopy_requests") or 0) or (point.faults if point else 0)
    if timeline.post_copy_at is not None:
        memory += f", then post-copy with {faults:,} page{'' if faults == 1 else 's'} fetched on demand"
    return [("time", text, ""), ("memory", memory, "")]


def _observed(timeline: Timeline) -> list[Fact]:
    """The downtime that the network and the guest saw, beside libvirt's."""
    observed = timeline.observed
    if observed is None:
        return []
    if observed.unmeasured_why:
        return [("downtime", f"no outside measurement: {observed.unmeasured_why}", "")]
    return [("network", observed.network, ""), ("guest", observed.guest, "")]


def _total(timeline: Timeline) -> str:
    if timeline.total_s is not None:
        return f"{duration(timeline.total_s)} in total"
    last, again = timeline.ended_between or (0.0, timeline.now)
    return f"unknown: it ended unobserved between {duration(last)} and {duration(again)} after the start"


def _downtime(timeline: Timeline) -> str:
    if "downtime" not in timeline.final:
        return "libvirt has no downtime"
    return f"downtime {duration((number_in(timeline.final, 'downtime') or 0.0) / 1000)} by libvirt"


def _next(timeline: Timeline, origin: str) -> str:
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
