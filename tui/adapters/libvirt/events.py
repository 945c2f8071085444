"""The events of VMs that libvirt tells, in words; it tells them once a connection, whoever listens."""

import threading
from collections.abc import Callable
from typing import Any

import libvirt

from tui.core.protocols import ITERATION, JOB_COMPLETED, LIFECYCLE, HypervisorEvent

LIFECYCLE_WORDS = {
    libvirt.VIR_DOMAIN_EVENT_DEFINED: "defined",
    libvirt.VIR_DOMAIN_EVENT_UNDEFINED: "undefined",
    libvirt.VIR_DOMAIN_EVENT_STARTED: "started",
    libvirt.VIR_DOMAIN_EVENT_SUSPENDED: "suspended",
    libvirt.VIR_DOMAIN_EVENT_RESUMED: "resumed",
    libvirt.VIR_DOMAIN_EVENT_STOPPED: "stopped",
    libvirt.VIR_DOMAIN_EVENT_SHUTDOWN: "shutdown",
    libvirt.VIR_DOMAIN_EVENT_CRASHED: "crashed",
}

DETAILS = {
    ("started", libvirt.VIR_DOMAIN_EVENT_STARTED_MIGRATED): "migrated",
    ("suspended", libvirt.VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED): "migrated",
    ("suspended", libvirt.VIR_DOMAIN_EVENT_SUSPENDED_IOERROR): "I/O error",
    ("suspended", libvirt.VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY): "post-copy",
    ("suspended", libvirt.VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY_FAILED): "post-copy failed",
    ("resumed", libvirt.VIR_DOMAIN_EVENT_RESUMED_MIGRATED): "migrated",
    ("resumed", libvirt.VIR_DOMAIN_EVENT_RESUMED_POSTCOPY): "post-copy",
    ("stopped", libvirt.VIR_DOMAIN_EVENT_STOPPED_MIGRATED): "migrated",
    ("stopped", libvirt.VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN): "shut down",
    ("stopped", libvirt.VIR_DOMAIN_EVENT_STOPPED_DESTROYED): "forced off",
    ("stopped", libvirt.VIR_DOMAIN_EVENT_STOPPED_FAILED): "failed",
    ("stopped", libvirt.VIR_DOMAIN_EVENT_STOPPED_CRASHED): "crashed",
}

Tell = Callable[[str, HypervisorEvent], None]  # of a VM, by its name

_loop = threading.Lock()
_loop_runs = False


def start_loop() -> None:
    """Register libvirt's own event loop once and turn it on a thread that quitting does not wait for."""
    global _loop_runs  # noqa: PLW0603 - libvirt's registration is as global as this
    with _loop:
        if _loop_runs:
            return
        libvirt.registerErrorHandler(_ignore, None)  # else libvirt prints every error over the screen
        libvirt.virEventRegisterDefaultImpl()
        threading.Thread(target=_turn, name="libvirt-events", daemon=True).start()
        _loop_runs = True


def register(connection: Any, tell: Tell) -> list[int]:
    """Have libvirt call for the events of all VMs; it takes one such call an event and connection, no more.

    Of all, because a registration for one VM ends with it, and one that comes back from its destination is new. Gives
    libvirt's numbers of the calls.
    """

    def lifecycle(_connection: object, domain: Any, event: int, detail: int, _opaque: object) -> None:
        word = LIFECYCLE_WORDS.get(event, str(event))
        data = {"event": word, "detail": DETAILS.get((word, detail), "")}
        tell(domain.name(), HypervisorEvent(LIFECYCLE, data))

    def iteration(_connection: object, domain: Any, number: int, _opaque: object) -> None:
        tell(domain.name(), HypervisorEvent(ITERATION, {"iteration": number}))

    def completed(_connection: object, domain: Any, stats: dict[str, Any], _opaque: object) -> None:
        tell(domain.name(), HypervisorEvent(JOB_COMPLETED, {"stats": dict(stats)}))

    wanted = (
        (libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, lifecycle),
        (libvirt.VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION, iteration),
        (libvirt.VIR_DOMAIN_EVENT_ID_JOB_COMPLETED, completed),
    )
    return [connection.domainEventRegisterAny(None, kind, call, None) for kind, call in wanted]


def _ignore(_context: object, _error: object) -> None:
    """The error is raised as well, and translated there."""


def _turn() -> None:
    while True:
        libvirt.virEventRunDefaultImpl()
