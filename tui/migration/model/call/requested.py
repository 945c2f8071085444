"""What was requested of a migration, by a person or by a rule, and the limits that it has now."""

from collections.abc import Mapping
from typing import Any

from tui.migration.model.passes import PassCounter
from tui.migration.model.points import Mark, Thinned, notable_marks
from tui.migration.model.record import QUEUE, Event, number_in

STARTED_WITHOUT = "so it was started with auto-converge instead"  # the end of a decision: libvirt refused post-copy
KEY_MARKS = {"resume": ("r", "resume"), "pause": ("!", "paused"), "cancel": ("c", "cancel")}


class Requested:
    """The part of a timeline that keys and actions change."""

    def __init__(self) -> None:
        self.marks = Thinned(notable_marks)
        self.cancel_requested = False  # and not refused
        self.post_copy_held = False  # requested, and waiting for the first pass
        self.post_copy_sent = False  # requested, and neither refused nor begun yet
        self.post_copy_at: float | None = None
        self.suspend_sent = False  # the timeout has passed, and the call was not refused
        self.post_copy_refused = False  # a request was; it may have been accepted later
        self.resume_requested = False  # and post-copy does not go on yet
        self.decision: Mapping[str, Any] = {}  # the newest of the technique "automatic"
        self.without_post_copy = ""  # why it was started without, and with auto-converge instead
        self.max_downtime_ms = 300  # 0 if unknown
        self.bandwidth_mib_s = self.post_copy_bandwidth_mib_s = 0  # the limits; 0 means none
        self.actions: list[Event] = []  # the calls that the app made while it ran, without refused ones
        self.unchecked: list[str] = []  # of the certificates before the start, as sentences
        self.log_trouble = ""  # why the log is incomplete, as a sentence
        self._passes = PassCounter()

    def _on_unchecked(self, event: Event) -> None:
        """Keep what could not be checked before the start, and mark it."""
        unchecked = event.data.get("unchecked")
        self.unchecked = [str(each) for each in unchecked] if isinstance(unchecked, list) else []
        if self.unchecked:
            self.marks.append(Mark(event.t, "!", "certificates not checked"))

    def _on_key(self, event: Event) -> None:
        action, value = event.data.get("action"), event.data.get("value")
        if action == "post-copy":
            self.post_copy_held = bool(event.data.get("held"))
            self.post_copy_sent = not self.post_copy_held
        elif action == "downtime" and value:
            self.marks.append(Mark(event.t, "d", f"downtime <= {value} ms"))
        elif action == "bandwidth" and value is not None:
            self.marks.append(Mark(event.t, "b", _limit_words(value)))
        elif str(action) in KEY_MARKS:
            self.resume_requested = self.resume_requested or action == "resume"
            self.cancel_requested = self.cancel_requested or action == "cancel"
            self.marks.append(Mark(event.t, *KEY_MARKS[str(action)]))

    def _on_action(self, event: Event) -> None:
        action, value = event.data.get("action"), event.data.get("value")
        self._on_call(action, event)
        if action == "timeout":
            self.post_copy_held = self.post_copy_at is None and bool(event.data.get("held"))
        elif action == "automatic":
            self._decided(event)
        elif action == "log":
            self.log_trouble = ""
        elif event.data.get("failed"):
            self.post_copy_refused = self.post_copy_refused or action == "post-copy"
            self.post_copy_sent = self.post_copy_sent and action != "post-copy"
            self.post_copy_held = self.post_copy_held and action != "post-copy"
            self.cancel_requested = self.cancel_requested and action != "cancel"
        elif action == "downtime" and value:
            self.max_downtime_ms = int(number_in(event.data, "value") or 0) or self.max_downtime_ms
        elif action == "bandwidth" and value is not None:
            self._limited(event, int(number_in(event.data, "value") or 0))
        elif action == "post-copy":
            self.post_copy_held = False
            self._passes.interrupted = True

    def _limited(self, event: Event, mib_s: int) -> None:
        """libvirt has accepted a bandwidth limit; one of the queue has no key that would mark it."""
        if event.data.get("post_copy"):
            self.post_copy_bandwidth_mib_s = mib_s
        else:
            self.bandwidth_mib_s = mib_s
        if event.data.get("by") == QUEUE:
            self.marks.append(Mark(event.t, "q", f"{_limit_words(mib_s)}, by the queue"))

    def _on_call(self, action: object, event: Event) -> None:
        """Keep the call; a resume or suspension is written when it is sent, and once more if it is refused."""
        if action == "suspend":
            self.suspend_sent = not event.data.get("failed")
            return
        if not event.data.get("failed"):
            self.actions.append(event)
        elif action == "resume" and self.actions and self.actions[-1].data.get("action") == "resume":
            self.actions.pop()

    def _decided(self, event: Event) -> None:
        self.decision = event.data
        self.without_post_copy = self.without_post_copy or str(event.data.get("without_post_copy", ""))
        if event.data.get("decided") == "nothing":
            return
        shadow, what = event.data.get("shadow"), decided_words(event.data)
        if event.data.get("decided") == "post-copy" and not shadow and self.post_copy_at is None:
            self.post_copy_sent = True
        self.marks.append(Mark(event.t, "a", f"automatic{' (shadow)' if shadow else ''}: {what}"))


def _limit_words(mib_s: object) -> str:
    return f"bandwidth {mib_s} MiB/s" if mib_s else "bandwidth unlimited"


def decision_sentence(decision: Mapping[str, Any]) -> str:
    """What the technique "automatic" decided and why, as a sentence; empty if it has decided nothing."""
    return f"Automatic: {decision_words(decision)}." if decision else ""


def decision_words(decision: Mapping[str, Any]) -> str:
    """The same without its subject and stop."""
    reason, value = str(decision.get("reason", "")), decision.get("value")
    if decision.get("decided") == "nothing":
        return reason
    if decision.get("decided") == "advice":
        return f"advises to allow {value} ms of downtime because {reason}"
    what = "switched to post-copy" if decision.get("decided") == "post-copy" else f"allowed {value} ms of downtime"
    return f"{'would have ' if decision.get('shadow') else ''}{what} because {reason}"


def decided_words(decision: Mapping[str, Any]) -> str:
    """What a decision of the technique "automatic" does, in two or three words."""
    if decision.get("decided") == "post-copy":
        return "post-copy"
    advised = "advice: " if decision.get("decided") == "advice" else ""
    return f"{advised}downtime <= {decision.get('value')} ms"
