"""What a diagnosis is, and what its sentences share."""

import shlex
from dataclasses import dataclass
from typing import Any

from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.migration.model.ending.cause import why_stayed
from tui.migration.model.ending.evidence import Evidence, HostAnswer
from tui.vm.model.location import state_words

LEAVE_BOTH = "Neither destroy the VM on one of the hosts, nor let it run on with virsh resume."


@dataclass(frozen=True)
class Diagnosis:
    """`kind` is one of model.ends, `sentence` where the VM is and what that means, `advice` what to do.

    `outcome` is that of the record, None while it is not known. `cause` is why the VM was not moved, None if nothing
    is known beyond the sentence. `resumable`: Hypervisor.resume_post_copy may be called. `over`: nothing goes on any
    more; else ask both hosts again. `ok`: the VM runs where it should after that outcome. `settling`: libvirt may still
    be removing what is left, so ask both hosts again after a moment before this is reported.
    """

    kind: str
    outcome: str | None
    sentence: str
    advice: str = ""
    resumable: bool = False
    over: bool = True
    ok: bool = False
    settling: bool = False
    cause: Failure | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """What a record has of it while the migration is not over."""
        fields = {"break": self.kind, "sentence": self.sentence, "advice": self.advice}
        return fields | {"resumable": self.resumable}


def stayed(known: Evidence, here: Vm) -> Diagnosis:
    """It was not moved: cancelled, aborted or failed."""
    sentence = f"{known.name} {state_clause(here)} on {known.origin}."
    if known.there.silent:
        sentence = f"{known.name} {state_clause(here)} on {known.origin}; {no_answer(known.target, known.there)}."
    advice = ""
    if known.there.silent and known.switched:  # libvirt lets it run on here if the answer of the target is lost
        advice = f"{known.name} may run on {known.target}, too: check that as soon as {known.target} answers."
    kind, outcome, cause = why_stayed(known)
    return Diagnosis(kind, outcome, sentence, advice, ok=here.running and not advice, cause=cause)


def no_answer(host: str, answer: HostAnswer) -> str:
    """Why nothing is known of a host."""
    why = answer.failure.why if answer.failure is not None else ""
    return f"{host} does not answer ({why})" if why else f"{host} does not answer"


def state_clause(vm: Vm) -> str:
    """ "runs", or its state: "is paused (post-copy)"."""
    return "runs" if vm.running and not vm.reason else f"is {state_words(vm)}"


def destroy_command(name: str) -> str:
    """The command that forces a VM off."""
    return f"virsh destroy {shlex.quote(name)}"
