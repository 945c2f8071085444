"""Which key of a migration can act now, and why not."""

from tui.migration.model.timeline import COMPLETED, FAILED, IDLE, POST_COPY, SWITCHOVER, Timeline

START, POST_COPY_NOW, CANCEL, DOWNTIME, BANDWIDTH = "start", "post-copy", "cancel", "downtime", "bandwidth"


def why_not(action: str, timeline: Timeline | None) -> str:
    """The sentence that says why `action` cannot act now; empty where it can."""
    running = timeline is not None and timeline.phase != IDLE and not timeline.over
    if action == START:
        return "A migration is under way; c cancels it, q leaves it running." if running else ""
    if timeline is None or not running:
        return _nothing_runs(timeline)
    if timeline.phase == POST_COPY:
        return _in_post_copy(action)
    if timeline.phase == SWITCHOVER and action != CANCEL:
        return "The VM is being switched over; there is nothing left to change."
    if timeline.cancel_asked:
        return "It is being cancelled; libvirt has been asked to."
    if action == POST_COPY_NOW and not timeline.post_copy_allowed:
        return "It was started as pre-copy, and post-copy must be allowed at the start; c cancels, then start it anew."
    if action == POST_COPY_NOW and timeline.post_copy_held:
        return "Post-copy is asked for already; it starts when the first pass begins."
    return ""


def _nothing_runs(timeline: Timeline | None) -> str:
    ended = {COMPLETED: "The migration has completed", FAILED: "The migration has failed"}
    if timeline is not None and timeline.over:
        return f"{ended.get(timeline.phase, 'The migration is over')}; m starts another."
    return "No migration is under way; m starts one."


def _in_post_copy(action: str) -> str:
    if action == POST_COPY_NOW:
        return "Post-copy is under way already."
    if action == CANCEL:
        return "The VM runs on the other host by now, with a part of its memory still here: cancelling would lose it."
    if action == DOWNTIME:
        return "The switchover is done; the maximum downtime no longer matters."
    return ""
