"""What the end or the break of a migration means that another program started to a host that is not configured.

That host is not asked, so where the VM is after it has left its origin is unknown.
"""

from dataclasses import replace

from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.migration.model.ending.cause import end_of_vm, see_log
from tui.migration.model.ending.diagnosis_words import LEAVE_BOTH, Diagnosis, no_answer, state_clause, stayed
from tui.migration.model.ending.ends import AWAY, BROKE_AWAY, ORIGIN_QEMU_GONE, UNDER_WAY, UNKNOWN
from tui.migration.model.ending.evidence import FORCED_OFF, MIGRATED, POST_COPY_FAILED, Evidence, HostAnswer
from tui.migration.model.timeline import COMPLETED, FAILED, LOST

NOT_CONFIGURED = "its destination is not one of the configured hosts"


def diagnose_elsewhere(known: Evidence) -> Diagnosis:
    """The meaning of what the origin answers, if the other configured host was not seen to receive the VM."""
    name, origin, here = known.name, known.origin, known.here
    if here.silent:
        sentence = f"It is unknown where {name} runs: {no_answer(origin, here)}, and {_destination(known)}."
        return Diagnosis(UNKNOWN, None, sentence, f"Do not start {name} before {origin} answers.", over=False)
    if here.vm is None or not here.active:
        return _gone(known)
    if here.in_post_copy:
        return _post_copy(known, here.vm)
    if here.vm.arriving:  # libvirt's state of a VM that is switched over, too
        sentence = f"{name} {state_clause(here.vm)} on {origin}; libvirt has not finished the migration."
        return Diagnosis(UNKNOWN, None, sentence, f"Do not resume it on {origin} before that.", over=False)
    return stayed(replace(known, there=HostAnswer()), here.vm)


def _post_copy(known: Evidence, here: Vm) -> Diagnosis:
    name, origin = known.name, known.origin
    if here.reason != POST_COPY_FAILED:
        sentence = f"Post-copy of {name} is under way: the VM runs on another host; {origin} sends the rest."
        return Diagnosis(UNDER_WAY, None, sentence, over=False)
    sentence = (
        f"Post-copy of {name} is broken: the VM is on another host, and stops where it needs a page that is still on "
        f"{origin}. Whether it continues by itself is unknown, because {_destination(known)}."
    )
    advice = "Repair the network. If it does not continue, resume it with the program that started the migration."
    return Diagnosis(BROKE_AWAY, None, sentence, f"{advice} {LEAVE_BOTH}", over=False)


def _gone(known: Evidence) -> Diagnosis:
    """No QEMU of the origin has it any more."""
    name, origin, how = known.name, known.origin, known.here_ended
    if how not in ("", MIGRATED):
        return _ended(known, how)
    left = "is off on" if known.here.vm is not None else "is no longer on"
    sentence = f"{name} {left} {origin}; {_destination(known)}, so it was not looked up there."
    if known.there.silent:
        sentence = f"{name} {left} {origin}; where it is now is unknown, because {_destination(known)}."
    advice = f"Do not start it on {origin} before you know that it runs on no other host: two would write to one disk."
    outcome = COMPLETED if how == MIGRATED else LOST
    # libvirt may not have removed the definition yet.
    return Diagnosis(AWAY, outcome, sentence, advice if known.here.vm else "", settling=known.here.vm is not None)


def _ended(known: Evidence, how: str) -> Diagnosis:
    """Its QEMU on the origin ended in another way than by the migration."""
    name, origin = known.name, known.origin
    if known.switched:
        who = f"{origin}'s copy of {name} was forced off" if how == FORCED_OFF else f"QEMU of {name} on {origin} ended"
        sentence = f"{who} during the switch to another host; whether {name} runs there is unknown."
        if known.post_copy:
            sentence = f"{who} before all memory was sent, so the VM is lost: the other host cannot run it on."
        advice = "Force it off on the other host if it is there. Then start it from its disk."
        cause = Failure(f"The migration of {name} failed", who, see_log(origin))
        return Diagnosis(ORIGIN_QEMU_GONE, FAILED, sentence, advice, cause=cause)
    kind, who = end_of_vm(name, origin, how)
    cause = Failure(f"{who} during the migration", hint=see_log(origin) if kind == ORIGIN_QEMU_GONE else "")
    return Diagnosis(kind, FAILED, f"{name} is off on {origin}.", f"Start {name} on the Launch page.", cause=cause)


def _destination(known: Evidence) -> str:
    """Why the destination is unknown."""
    if known.there.silent:
        return f"{no_answer(known.peer, known.there)} and may be its destination"
    return NOT_CONFIGURED
