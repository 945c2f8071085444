"""Which key of a migration can act now, and why not."""

from tui.core import actions
from tui.migration.model.timeline import COMPLETED, FAILED, IDLE, POST_COPY, SWITCHOVER, Timeline

START, POST_COPY_NOW, CANCEL, DOWNTIME, BANDWIDTH = "start", "post-copy", "cancel", "downtime", "bandwidth"


def why_not(action: str, timeline: Timeline | None) -> str:
    """The sentence that says why `action` cannot act now; empty where it can."""
    running = timeline is not None and timeline.phase != IDLE and not timeline.over
    if action == START:
        sentence = f"A migration is under way; {actions.CANCEL} cancels it, {actions.QUIT} leaves it running."
        return sentence if running else ""
    if timeline is None or not running:
        return _nothing_runs(timeline)
    if timeline.phase == POST_COPY:
        return _in_post_copy(action)
    if timeline.phase == SWITCHOVER and action != CANCEL:
        return "The VM is being switched over; there is nothing left to change."
    if timeline.cancel_asked:
        return "It is being cancelled; libvirt has been asked to."
    if action == POST_COPY_NOW and not timeline.post_copy_allowed:
        how = f"{actions.CANCEL} cancels it, then start it anew."
        return f"It was started as pre-copy, and post-copy must be allowed at the start; {how}"
    if action == POST_COPY_NOW and timeline.post_copy_held:
        return "Post-copy is asked for already; it starts when the first pass begins."
    return ""


def _nothing_runs(timeline: Timeline | None) -> str:
    ended = {COMPLETED: "The migration has completed", FAILED: "The migration has failed"}
    if timeline is not None and timeline.over:
        return f"{ended.get(timeline.phase, 'The migration is over')}; {actions.START} starts another."
    return f"No migration is under way; {actions.START} starts one."


def _in_post_copy(action: str) -> str:
    if action == POST_COPY_NOW:
        return "Post-copy is under way already."
    if action == CANCEL:
        return "The VM runs on the other host by now, with a part of its memory still here: cancelling would lose it."
    if action == DOWNTIME:
        return "The switchover is done; the maximum downtime no longer matters."
    return ""
