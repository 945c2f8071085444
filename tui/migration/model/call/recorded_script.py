"""What the app called for a recorded migration, or has called so far, as a script."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from tui.core.failure import Failure
from tui.core.plan import AUTOMATIC, UNKNOWN, Plan
from tui.core.virsh_options import USUAL, read_options
from tui.migration.model.call import script
from tui.migration.model.call.migrate_call import AUTO_CONVERGE, POST_COPY, Call, CallOf
from tui.migration.model.call.requested import STARTED_WITHOUT, decision_words
from tui.migration.model.call.script import Script, Step, planned
from tui.migration.model.record import LONGEST_S, Event, number_in
from tui.migration.model.timeline import Timeline

TIMEOUT = "timeout"
STEPS = frozenset({script.SWITCH, script.DOWNTIME, script.BANDWIDTH, script.CANCEL, script.PAUSE, script.RESUMED})


def recorded(timeline: Timeline, origin_uri: str, destination_uri: str, call_of: CallOf) -> Script:
    """The script of a migration by its records; Failure if they have no options.

    The URIs and `call_of` are for a record of an older version, which has no call.
    """
    data = timeline.options
    if not data or data.get("imported") or timeline.technique == UNKNOWN:
        why = "another program started it, and libvirt does not report its flags"
        raise Failure("There is no virsh command of this migration", why)
    plan, call = plan_in(data), _call_in(data)
    uris = data.get("call") if isinstance(data.get("call"), dict) else {}
    origin_uri, destination_uri = (
        str(uris.get(name) or known) if uris else known
        for name, known in (("origin_uri", origin_uri), ("destination_uri", destination_uri))
    )
    if not origin_uri or not destination_uri:
        raise Failure("There is no virsh command of this migration", "its record does not have the URIs of the hosts")
    before: tuple[str, ...] = ()
    if call is None:
        before = ("an older version recorded it: the flags are those that this version uses for its options",)
        call = call_of(plan)
    started = planned(plan, call, origin_uri, destination_uri)
    started = replace(started, before=(*before, *started.before), after=() if timeline.over else started.after)
    return _with_actions(started, timeline.actions)


def plan_in(data: Mapping[str, Any]) -> Plan:
    """The options of a record; the default for each one that is missing or of another type."""
    plan = asdict(Plan(""))
    for name, default in plan.items():
        kinds, value = (int, float) if isinstance(default, float) else type(default), data.get(name)
        usable = isinstance(value, kinds) and not (isinstance(value, float) and abs(value) >= LONGEST_S)  # 1e999
        if usable and name not in USUAL:
            plan[name] = value
    return Plan(**plan | read_options(data))


def _call_in(data: Mapping[str, Any]) -> Call | None:
    call = data.get("call")
    if not isinstance(call, dict) or type(call.get("flags")) is not int or not 0 <= call["flags"] < 1 << 32:
        return None
    parameters = call.get("parameters")
    return Call(call["flags"], parameters if isinstance(parameters, dict) else {})


def _with_actions(started: Script, actions: Sequence[Event]) -> Script:
    """The script with what was called while the migration ran; that replaces the comments on what would be called."""
    steps, timed_out, reason = list[Step](), False, ""
    for each in actions:
        action, value = str(each.data.get("action")), int(number_in(each.data, "value") or 0)
        if action == TIMEOUT:
            timed_out = True
        elif action == AUTOMATIC:
            words = decision_words(each.data)
            if words.endswith(STARTED_WITHOUT):
                started = _without_post_copy(started, f"automatic: {words}")
            elif each.data.get("decided") != "nothing":  # such as a refusal: the next call has another reason
                reason = "" if each.data.get("shadow") else f"automatic {words}"
        elif action == script.SWITCH and (timed_out or started.after_first_pass):
            continue  # virsh does it itself
        elif action in STEPS:
            steps.append(Step(action, each.t, value, bool(each.data.get("post_copy")), reason))
            reason = ""
    if any(each.what == script.SWITCH for each in steps):
        started = replace(started, switch_after_s=0.0, after=())  # a person was faster than the timeout
    return replace(started, steps=tuple(steps))


def _without_post_copy(started: Script, reason: str) -> Script:
    """libvirt refused post-copy, so the app called it again without."""
    flags = started.call.flags
    if not flags & POST_COPY:
        return started
    call = replace(started.call, flags=flags & ~POST_COPY | AUTO_CONVERGE)
    return replace(started, call=call, after_first_pass=False, before=(*started.before, reason))
