"""Translates libvirt's errors to Failures; `detail` keeps the original message. The table is vm.model.reasons."""

import libvirt

from tui.core.failure import Failure
from tui.core.protocols import (
    Aborted,
    AgentRefused,
    AgentUnavailable,
    ConnectionBroken,
    PostCopyImpossible,
    QemuEnded,
    StreamBroken,
    VmBusy,
)
from tui.vm.model.reasons.explain import explain
from tui.vm.model.reasons.row import (
    CANCELLED,
    CONNECTION_BROKE,
    NO_POST_COPY,
    QEMU_ENDED,
    STREAM_BROKE,
)

AGENT_ERROR = "unable to execute QEMU agent command"  # an internal error before libvirt 11.2, then a code of its own

# Only codes with one meaning: 1, 9, 38, 55, 67 and 81 have many, and libvirt's own words are shown for them.
CODES = {
    libvirt.VIR_ERR_NO_DOMAIN: ("the daemon does not have the VM, or no longer", ""),
    libvirt.VIR_ERR_OPERATION_TIMEOUT: ("another operation on the VM did not end in time", "Wait and try again."),
    libvirt.VIR_ERR_OPERATION_ABORTED: (CANCELLED, ""),
    libvirt.VIR_ERR_AUTH_FAILED: ("libvirt refused the login", "Run vmlm-tui as root or in the group libvirt."),
}

KINDS: dict[str, type[Failure]] = {
    CANCELLED: Aborted,
    CONNECTION_BROKE: ConnectionBroken,
    STREAM_BROKE: StreamBroken,
    QEMU_ENDED: QemuEnded,
}

NO_LOCK = "cannot acquire state change lock"
# libvirt raises these before it sends a command to the guest agent.
NOT_SENT = frozenset({libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_OPERATION_INVALID, libvirt.VIR_ERR_AGENT_UNRESPONSIVE})


def translate(what: str, error: libvirt.libvirtError, *, migration: bool = False) -> Failure:
    """The Failure for a libvirt error; `what` is its first clause ("The VM x could not be started").

    `migration`: migrateToURI3 raised it, so that some errors can only have happened on the destination.
    """
    message, code = str(error), error.get_error_code()
    found = explain(message, migration=migration)
    why, hint, clause = found.why, found.hint, found.clause
    if not found.known and code in CODES:
        why, hint = CODES[code]
        clause = why
    return _kind(message, code, clause)(what, why, hint, detail=message)


def _kind(message: str, code: int, clause: str) -> type[Failure]:
    if clause in KINDS:
        return KINDS[clause]
    if clause.startswith(NO_POST_COPY):
        return PostCopyImpossible
    if AGENT_ERROR in message:
        return AgentRefused
    if NO_LOCK in message:
        return VmBusy
    # An agent that "disappeared" may have received the command.
    not_sent = code in NOT_SENT or "guest agent is not con" in message
    return AgentUnavailable if not_sent and "disappeared" not in message else Failure
