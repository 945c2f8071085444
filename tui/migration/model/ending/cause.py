"""Why a migration did not move the VM, as far as libvirt's error and the events of both hosts show."""

from tui.core.failure import Failure
from tui.core.protocols import Aborted, ConnectionBroken, StreamBroken
from tui.migration.model.ending.ends import (
    ABORTED,
    CANCELLED_HERE,
    DAEMON_GONE,
    DESTROYED,
    GUEST_OFF,
    NO_REASON,
    NOWHERE,
    ORIGIN_QEMU_GONE,
    REFUSED,
    TARGET_QEMU_GONE,
)
from tui.migration.model.ending.evidence import CRASHED, DIED, FORCED_OFF, POWERED_OFF, Evidence, lifecycle_words
from tui.migration.model.timeline import CANCELLED, FAILED

LOG = "/var/log/libvirt/qemu"


def why_stayed(known: Evidence) -> tuple[str, str, Failure | None]:
    """The kind of end, the outcome and the cause, for a VM that stays at its origin."""
    failure, what = known.failure, f"The migration of {known.name} failed"
    if known.cancel_requested:
        return CANCELLED_HERE, CANCELLED, None
    daemon_lost = known.origin_lost or known.there.silent or known.there_ended == FORCED_OFF
    if isinstance(failure, Aborted) or (failure is None and known.job_cancelled and not daemon_lost):
        return _cancelled_by_another(known)
    if failure is None:
        why = "libvirt reports the reason only to the program that waits for the migration, which was another one"
        hint = f"Look into the journal of libvirtd on {known.origin}."
        return NO_REASON, FAILED, Failure(what, why, hint)
    if not isinstance(failure, (ConnectionBroken, StreamBroken)):
        return REFUSED, FAILED, failure
    if known.there.silent and isinstance(failure, StreamBroken):
        return REFUSED, FAILED, failure
    # libvirt on the target forces the VM off there if its connection to the origin's libvirt ends.
    for host, gone in (
        (known.origin, known.origin_lost),
        (known.target, known.there.silent or known.there_ended == FORCED_OFF),
    ):
        if gone and not isinstance(failure, StreamBroken):
            why = f"the connection to libvirt on {host} broke"
            hint = f"Check that libvirtd runs on {host}, and the network."
            return DAEMON_GONE, FAILED, Failure(what, why, hint, detail=failure.detail)
    # libvirt also cancels the job itself if it loses a daemon, but those cases are above.
    return _cancelled_by_another(known) if known.job_cancelled else _without_reason(known, what, failure)


def _cancelled_by_another(known: Evidence) -> tuple[str, str, Failure]:
    detail = known.failure.detail if known.failure else ""
    return ABORTED, CANCELLED, Failure(f"Another program cancelled the migration of {known.name}", detail=detail)


def _without_reason(known: Evidence, what: str, failure: Failure) -> tuple[str, str, Failure]:
    """Both daemons answer: the error is that of a connection which libvirt or QEMU closed for another reason."""
    target, words, detail = known.target, lifecycle_words(known.events, known.target), failure.detail
    journal = f"the journal of libvirtd on {known.origin}"
    if not any(event == "started" for event, _detail in words):
        why = f"libvirt gave no usable reason; QEMU was not seen to start on {target}"
        hint = f"Look into the VM's log in {LOG} and the journal of libvirtd on {target}."
        return NO_REASON, FAILED, Failure(what, why, hint, detail=detail)
    if known.there_ended == DIED and not any(event == "shutdown" for event, _detail in words):
        why = f"QEMU on {target} ended; libvirt gave no other reason"
        hint = f"Look into the VM's log in {LOG} on {target}, then into {journal}."
        return TARGET_QEMU_GONE, FAILED, Failure(what, why, hint, detail=detail)
    gave = failure.why if isinstance(failure, StreamBroken) else "libvirt gave no usable reason"
    if isinstance(failure, StreamBroken):
        why = f"{gave}, or another program cancelled it (virsh domjobabort): both look the same"
    else:
        why = f"{gave}: the migration stream to {target} broke, or another program cancelled it (virsh domjobabort)"
    hint = f"Look into the VM's log in {LOG} on {known.origin} and on {target}, and {journal}."
    return NO_REASON, FAILED, Failure(what, why, hint, detail=detail)


def end_of_vm(name: str, host: str, how: str) -> tuple[str, str]:
    """The kind of end for a VM that ended on `host`, the origin, and who did what."""
    if how == POWERED_OFF:
        return GUEST_OFF, f"{name} powered itself off on {host}"
    if how == CRASHED:
        return GUEST_OFF, f"The guest of {name} crashed on {host}, and libvirt stopped it"
    if how == FORCED_OFF:
        return DESTROYED, f"Another program forced {name} off on {host}"
    if how == DIED:
        return ORIGIN_QEMU_GONE, f"QEMU of {name} on {host} ended"
    return NOWHERE, ""


def see_log(host: str) -> str:
    """The hint for a QEMU that ended on `host`."""
    return f"The VM's log in {LOG} on {host} may have the reason."
