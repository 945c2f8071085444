"""Why an action of the Migrate page is not possible now."""

from tui.core import actions
from tui.migration.model.timeline import COMPLETED, FAILED, IDLE, POST_COPY, SWITCHOVER, Timeline

START, POST_COPY_NOW, CANCEL, DOWNTIME, BANDWIDTH = "start", "post-copy", "cancel", "downtime", "bandwidth"
RESUME, PAUSE = "resume", "pause"  # of a post-copy
SUSPEND = "suspend"  # of the VM, by the timeout of the technique


def why_not(action: str, timeline: Timeline | None) -> str:
    """Why `action` is not possible now, as a sentence; empty if it is."""
    running = timeline is not None and timeline.phase != IDLE and not timeline.over and not timeline.unfollowed
    if action == START:
        sentence = f"A migration is under way; {actions.CANCEL} cancels it, {actions.QUIT} leaves it running."
        return sentence if running else ""
    if timeline is None or not running:
        return _nothing_runs(timeline)
    if timeline.phase == POST_COPY:
        return _in_post_copy(action, timeline)
    if action in (RESUME, PAUSE):
        return "It is not in post-copy."
    if timeline.phase == SWITCHOVER and action != CANCEL:
        return "The VM is being switched over; nothing can be changed any more."
    if timeline.cancel_requested:
        return "The migration is already being cancelled."
    return _why_not_switch(timeline) if action == POST_COPY_NOW else ""


def _why_not_switch(timeline: Timeline) -> str:
    if not timeline.post_copy_allowed:
        how = f"{actions.CANCEL} cancels it; then start it again with post-copy."
        return f"It was started as pre-copy; post-copy must be allowed at the start. {how}"
    if timeline.post_copy_sent:
        return "Post-copy is already requested; libvirt has not confirmed it yet."
    if timeline.post_copy_held:
        return "Post-copy is already requested; it starts when the first pass begins."
    return ""


def _nothing_runs(timeline: Timeline | None) -> str:
    ended = {COMPLETED: "The migration has completed", FAILED: "The migration has failed"}
    if timeline is not None and timeline.over:
        return f"{ended.get(timeline.phase, 'The migration is over')}; {actions.START} starts another."
    if timeline is not None and timeline.unfollowed:
        return "The process in the background does not find this migration, so nothing can be changed."
    return f"No migration is under way; {actions.START} starts one."


def _in_post_copy(action: str, timeline: Timeline) -> str:
    if action == RESUME:
        return _why_not_resume(timeline)
    if action == PAUSE and timeline.post_copy_failed:
        return "Post-copy is interrupted already."
    if action == PAUSE:
        return "" if timeline.target else "Its destination is not a host of the configuration: nothing could resume it."
    if action == POST_COPY_NOW:
        return "Post-copy is already under way."
    if action == CANCEL:
        return "The VM already runs on the other host, and part of its memory is still here: cancelling would lose it."
    if action == DOWNTIME:
        return "The switchover is done; the maximum downtime no longer matters."
    return ""


def _why_not_resume(timeline: Timeline) -> str:
    if not timeline.post_copy_failed:
        return "Post-copy is under way; there is nothing to resume."
    if timeline.resume_requested:
        return "The resume is already requested; it is tried again until QEMU accepts it."
    if timeline.diagnosis and not timeline.diagnosis.get("resumable"):
        return str(timeline.diagnosis.get("advice", ""))
    return ""
