"""The phases of a migration in one line, the current one in brackets."""

from textual.content import Content

from tui.core.quantity import clock
from tui.migration.model.timeline import (
    CANCELLED,
    COMPLETED,
    FAILED,
    IDLE,
    LOST,
    OVER,
    PASS,
    POST_COPY,
    SETUP,
    SWITCHOVER,
    Timeline,
)

TONES = {COMPLETED: "$success", FAILED: "$error", CANCELLED: "$warning", LOST: "$warning", POST_COPY: "$accent"}


def phase_line(timeline: Timeline, elapsed: float, width: int) -> Content:
    """One line `width` cells wide, the time at its right end."""
    parts: list[tuple[str, str] | str] = []
    phases = _phases(timeline)
    current = next((n for n, (phase, _) in enumerate(phases) if phase == timeline.phase), -1)
    for n, (phase, text) in enumerate(phases):
        if n == current:
            parts.append((f"[{text}]", f"bold {TONES.get(phase, '')}".strip()))
        else:
            parts.append((f" {text} ", "dim" if n > current else ""))
    left = Content.assemble(*parts)
    right = _time(timeline, elapsed)
    space = width - left.cell_length - len(right)
    if space < 1:  # the current phase alone, if not all fit
        left = Content.assemble(parts[current]) if current >= 0 else Content("")
        space = max(1, width - left.cell_length - len(right))
    return left + Content(" " * space + right)


def _time(timeline: Timeline, elapsed: float) -> str:
    if timeline.phase == IDLE:
        return ""
    if not timeline.over:
        return f"{clock(elapsed)} elapsed "
    return "total unknown " if timeline.total_s is None else f"{clock(timeline.total_s)} total "


def _phases(timeline: Timeline) -> list[tuple[str, str]]:
    number = max(timeline.iteration, timeline.passes.added)
    disks = f"disks {100 * timeline.disks.share:.0f} %" if timeline.disks.known else "setup"
    phases = [(SETUP, disks), (PASS, f"pass {number}" if number else "pass 1"), (SWITCHOVER, "switchover")]
    if timeline.post_copy_allowed or timeline.post_copy_at is not None:
        phases.append((POST_COPY, "post-copy"))
    if timeline.phase in OVER and timeline.phase != COMPLETED:
        return [
            *_reached(phases, timeline),
            (timeline.phase, "result unknown" if timeline.phase == LOST else timeline.phase),
        ]
    return [*phases, (COMPLETED, "completed" if timeline.over else "done")]


def _reached(phases: list[tuple[str, str]], timeline: Timeline) -> list[tuple[str, str]]:
    """The phases that a migration which did not complete has reached."""
    if timeline.post_copy_at is not None:
        return phases
    return phases[:2] if timeline.points else phases[:1]
