"""What the end of a migration, or a broken post-copy, means: where the VM is, why, and what to do.

With model.elsewhere, the only place that words where a VM is after a migration.
"""

import shlex
from dataclasses import replace

from tui.core.failure import Failure
from tui.core.protocols import ConnectionBroken
from tui.core.vm import Vm
from tui.migration.model.ending.cause import end_of_vm, see_log
from tui.migration.model.ending.diagnosis_words import (
    LEAVE_BOTH,
    Diagnosis,
    destroy_command,
    no_answer,
    state_clause,
    stayed,
)
from tui.migration.model.ending.elsewhere import diagnose_elsewhere
from tui.migration.model.ending.ends import (
    BROKE_EARLY,
    DEFINITION_LEFT,
    DESTROYED,
    GOES_ON,
    GUEST_OFF,
    LINK_AWAY,
    MOVED,
    NEEDS_RESUME,
    NOWHERE,
    ON_BOTH,
    ORIGIN_QEMU_GONE,
    TARGET_QEMU_GONE,
    UNDER_WAY,
    UNKNOWN,
)
from tui.migration.model.ending.evidence import FORCED_OFF, MIGRATED, POST_COPY_FAILED, Evidence
from tui.migration.model.resume import crashes, why_not_resume
from tui.migration.model.timeline import CANCELLED, COMPLETED, FAILED, LOST

# With the kinds that callers act on.
__all__ = ["GOES_ON", "UNKNOWN", "Diagnosis", "diagnose"]


def diagnose(known: Evidence) -> Diagnosis:
    """The meaning of what is known, after the job has ended on the origin or post-copy has broken."""
    here, there = known.here, known.there
    if not known.target:
        return diagnose_elsewhere(known)
    if here.silent or there.silent:
        return _half_known(known)
    if here.vm is not None and there.vm is not None and here.active and there.active:
        return _on_both(known, here.vm, there.vm)
    if there.vm is not None and there.active:
        return _only_there(known, there.vm)
    if here.vm is not None and here.active:
        holds_the_rest = (known.post_copy and not here.vm.running) or here.in_post_copy
        return _lost_there(known) if holds_the_rest else stayed(known, here.vm)
    return _nowhere(known)


# -- both hosts have the VM --


def _on_both(known: Evidence, here: Vm, there: Vm) -> Diagnosis:
    name, origin, target = known.name, known.origin, known.target
    if known.here.in_post_copy or known.there.in_post_copy:
        return _post_copy(known, here, there)
    if here.running and there.running:
        sentence = f"{name} runs on {origin} and on {target} at once: both write to one disk."
        advice = (
            f"Force one of them off at once: {destroy_command(name)} on the host whose state you can discard. Then "
            "check the file systems of its disk."
        )
        return Diagnosis(ON_BOTH, _outcome(known), sentence, advice, settling=True, cause=known.failure)
    if here.running and there.arriving:
        return replace(stayed(known, here), settling=True)  # how QEMU ends on the target is a part of the cause
    sentence = f"{name} {state_clause(here)} on {origin} and {state_clause(there)} on {target}."
    advice = "Two hosts have the VM. Resume neither before you know which one is intact; then destroy the other."
    return Diagnosis(ON_BOTH, _outcome(known), sentence, advice, settling=True, cause=known.failure)


def _post_copy(known: Evidence, here: Vm, there: Vm) -> Diagnosis:
    """The VM's memory is on two hosts, and both QEMUs are alive."""
    name, origin, target = known.name, known.origin, known.target
    if here.running and there.running:
        sentence = (
            f"{name} runs on {origin} and on {target} at once, after a switch to post-copy: both write to one disk."
        )
        how = destroy_command(name)
        advice = f"Force it off on {origin}, where its memory is out of date: {how}. Check its file systems."
        return Diagnosis(ON_BOTH, _outcome(known), sentence, advice, settling=True, cause=known.failure)
    if there.reason == POST_COPY_FAILED:
        stops = "and stops where it needs" if there.running else "and cannot run on without"
        sentence = (
            f"Post-copy of {name} is paused: the VM is on {target}, {stops} the memory that is still on {origin}. "
            "Nothing is lost while QEMU lives on both hosts, but it does not continue by itself."
        )
        why_not = _why_not_resume(known)
        advice = why_not or "Repair the network if it is down, then resume the migration."
        return Diagnosis(NEEDS_RESUME, None, sentence, f"{advice} {LEAVE_BOTH}", resumable=not why_not, over=False)
    if known.ending_there:
        return Diagnosis(UNKNOWN, None, f"{name} is being shut down on {target}, in post-copy.", over=False)
    if here.reason == POST_COPY_FAILED and there.arriving:
        return _broke_early(known)
    if here.reason == POST_COPY_FAILED:
        sentence = (
            f"Post-copy of {name} has lost its connection: the VM is on {target}, and stops where it needs a page that "
            f"is still on {origin}. Nothing is lost while QEMU lives on both hosts; it continues by itself when the "
            "network is back."
        )
        advice = f"Repair the network between {origin} and {target}. {LEAVE_BOTH}"
        return Diagnosis(LINK_AWAY, None, sentence, advice, over=False)
    sentence = f"Post-copy of {name} is under way: the VM {state_clause(there)} on {target}; {origin} sends the rest."
    return Diagnosis(UNDER_WAY, None, sentence, over=False)


def _broke_early(known: Evidence) -> Diagnosis:
    """The daemons lost each other before the target let the VM run."""
    name, target = known.name, known.target
    broke = f"Post-copy of {name} broke before libvirt had let the VM run on {target}: it stands still"
    if not known.letting_it_run:
        sentence = f"{broke}, and does not continue by itself."
        advice = f"libvirt ends it on {target}, unless QEMU hangs there. {LEAVE_BOTH}"
        return Diagnosis(BROKE_EARLY, None, sentence, advice, over=False)
    sentence = f"{broke}. It goes on if the network was down and comes back, but not if QEMU's connection was closed."
    advice = (
        f"Repair the network between {known.origin} and {target}. {LEAVE_BOTH} If it still stands still two minutes "
        f"after the network is back, force it off on {target}: {destroy_command(name)}"
    )
    return Diagnosis(BROKE_EARLY, None, sentence, advice, over=False)


# -- one host has it --


def _only_there(known: Evidence, there: Vm) -> Diagnosis:
    name, origin, target = known.name, known.origin, known.target
    how = known.here_ended
    interrupted = known.there.in_post_copy and (how not in ("", MIGRATED) or there.reason == POST_COPY_FAILED)
    if interrupted or (there.arriving and how not in ("", MIGRATED)):
        return _lost_here(known, there, how)
    ok = there.running or (known.stays_paused and there.state == "paused" and not there.arriving)
    unsettled = there.arriving or (known.there.in_post_copy and known.here.vm is not None)
    if unsettled and how != MIGRATED:
        sentence = (
            f"{name} {state_clause(there)} on {target}, and is off on {origin}; libvirt has not finished the migration."
        )
        return Diagnosis(UNKNOWN, None, sentence, f"Start it on neither host before it runs on {target}.", over=False)
    if known.here.vm is None:
        sentence = f"{_there(known, there)} and is gone from {origin}."
        return Diagnosis(MOVED, COMPLETED, sentence, ok=ok)
    if known.keeps_definition and how == MIGRATED:
        sentence = f"{_there(known, there)}; {origin} keeps its definition, shut off."
        return Diagnosis(MOVED, COMPLETED, sentence, f"Do not start it on {origin}: two VMs would write.", ok=ok)
    # libvirt undefines the VM at the origin when a migration succeeds, but not after an interrupted post-copy.
    sentence = f"{_there(known, there)}, and only there; {origin} still has its definition, shut off."
    advice = (
        f"Do not start it on {origin}: two VMs would write to one disk. Remove the definition there, which keeps "
        f"the disk: virsh undefine --keep-nvram {shlex.quote(name)}"
    )
    return Diagnosis(DEFINITION_LEFT, COMPLETED, sentence, advice, ok=ok, settling=True)


def _there(known: Evidence, there: Vm) -> str:
    """The VM's state on the target, with its name there if that is another one."""
    renamed = "" if there.name == known.name else f" as {there.name}"
    return f"{known.name} {state_clause(there)} on {known.target}{renamed}"


def _lost_here(known: Evidence, there: Vm, how: str) -> Diagnosis:
    """The origin's QEMU ended before it had sent all of the memory."""
    name, origin, target = known.name, known.origin, known.target
    who = f"{origin}'s copy of {name} was forced off" if how == FORCED_OFF else f"QEMU of {name} on {origin} ended"
    sentence = (
        f"{who} before all memory was sent, so the VM is lost: what was not sent is gone, and {target}, where it "
        f"{state_clause(there)}, cannot run it on."
    )
    advice = f"Force it off on {target}: {destroy_command(name)}. Then start it from its disk, on the Launch page."
    cause = Failure(f"The migration of {name} failed", f"{who} before all memory was sent", see_log(known.origin))
    return Diagnosis(ORIGIN_QEMU_GONE, FAILED, sentence, advice, cause=cause)


def _lost_there(known: Evidence) -> Diagnosis:
    """The target's QEMU ended in post-copy; the origin has the VM's old memory, paused."""
    name, origin, target, how = known.name, known.origin, known.target, known.there_ended
    rest = (
        f"{origin} still has {name}, paused, with memory from before the switch; that copy must not run. Force it off "
        f"there: {destroy_command(name)}. Then start the VM from its disk, on the Launch page."
    )
    if how == FORCED_OFF and not known.ran_there and isinstance(known.failure, ConnectionBroken):
        who = f"libvirt on {target} ended {name} there"
        why = f"its connection to {origin} broke before it had let the VM run on {target}"
        cause = Failure(who, why, "Check the network between the hosts.", detail=known.failure.detail)
        return Diagnosis(TARGET_QEMU_GONE, FAILED, f"{who}, because {why}. It is off.", rest, cause=cause)
    kind, who = end_of_vm(name, target, how)
    if kind in (GUEST_OFF, DESTROYED):
        return Diagnosis(kind, FAILED, f"{who} in post-copy. It is off.", rest, cause=Failure(f"{who} in post-copy"))
    who = f"QEMU of {name} on {target} ended" if how else f"{name} does not run on {target} any more"
    sentence = f"{who}, in post-copy, so the VM is lost: all that changed in its memory since the switch is gone."
    cause = Failure(f"The migration of {name} failed", f"{who}, in post-copy", see_log(target))
    return Diagnosis(TARGET_QEMU_GONE, FAILED, sentence, rest, cause=cause)


# -- no host has it, or one does not answer --


def _nowhere(known: Evidence) -> Diagnosis:
    name, origin, target = known.name, known.origin, known.target
    sentence = f"{name} runs neither on {origin} nor on {target}."
    if known.there.silent:
        sentence = f"{name} is off on {origin}; {no_answer(target, known.there)}."
    advice = f"Start {name} on the Launch page."
    if known.completed:
        return Diagnosis(NOWHERE, COMPLETED, f"{name} was moved to {target}, and is off now.", advice)
    ends = [(origin, known.here_ended), (target, known.there_ended)]
    if not known.post_copy and known.here_ended != MIGRATED:
        ends.pop()  # its QEMU only received
    elif not known.origin_ended_first:
        ends.reverse()  # the target ran it last
    for host, how in ends:
        kind, who = end_of_vm(name, host, how)
        if kind != NOWHERE:
            break
    else:
        return Diagnosis(NOWHERE, _outcome(known), sentence, advice, cause=known.failure)
    hint = see_log(host) if kind == ORIGIN_QEMU_GONE else ""
    kind = TARGET_QEMU_GONE if kind == ORIGIN_QEMU_GONE and host == target else kind
    detail = known.failure.detail if known.failure else ""
    cause = Failure(f"{who} during the migration", hint=hint, detail=detail)
    return Diagnosis(kind, FAILED, sentence, advice, cause=cause)


def _half_known(known: Evidence) -> Diagnosis:
    """A host does not answer. What the other has decides only where it excludes everything else."""
    name, origin, target = known.name, known.origin, known.target
    here, there = known.here, known.there
    if here.silent and there.vm is not None and there.vm.running and not there.in_post_copy:
        sentence = f"{name} {state_clause(there.vm)} on {target}; {no_answer(origin, here)}."
        advice = f"Do not start {name} on {origin} when it answers again: two VMs would write to one disk."
        return Diagnosis(MOVED, COMPLETED, sentence, advice, ok=True)
    if here.off and known.completed:
        sentence = f"libvirt completed the migration of {name}, but {no_answer(target, there)}: its state is unknown."
        return Diagnosis(UNKNOWN, COMPLETED, sentence, f"Do not start {name} on {origin}.")
    if not here.silent and not known.post_copy and not here.in_post_copy:
        if here.vm is not None and here.active:
            return stayed(known, here.vm)
        if known.here_ended not in ("", MIGRATED) and not known.switched:
            return _nowhere(known)
    return _unknown(known)


def _unknown(known: Evidence) -> Diagnosis:
    """Nothing is decided, and the caller asks again."""
    name, answers = known.name, {known.origin: known.here, known.target: known.there}
    silent = [host for host, answer in answers.items() if answer.silent]
    parts = [no_answer(host, answers[host]) for host in silent]
    parts += [f"{host} {_has(answer.vm)}" for host, answer in answers.items() if not answer.silent]
    sentence = f"It is unknown where {name} runs: {'; '.join(parts)}."
    until = f"{' and '.join(silent)} {'answer' if len(silent) > 1 else 'answers'}"
    advice = f"Do nothing with {name} on either host before {until}."
    if known.there.silent and known.here.in_post_copy:
        if crashes(known.target_libvirt):
            advice += f" If {known.target} answers about other VMs, post-copy is paused. {_why_not_resume(known)}"
        else:
            advice += " If only the network is down, post-copy continues by itself when it is back."
    return Diagnosis(UNKNOWN, None, sentence, advice, over=False, cause=known.failure)


def _outcome(known: Evidence) -> str:
    if known.cancel_requested:
        return CANCELLED
    return FAILED if known.failure else LOST


def _why_not_resume(known: Evidence) -> str:
    return why_not_resume(known.target_libvirt, known.origin_libvirt, target=known.target, origin=known.origin)


def _has(vm: Vm | None) -> str:
    return "does not have it" if vm is None else f"has it: {vm.state}{f' ({vm.reason})' if vm.reason else ''}"
