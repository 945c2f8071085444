"""Converts libvirt's domain events to HypervisorEvents, and runs libvirt's event loop."""

import json
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import libvirt
import libvirt_qemu

from tui.core.log import log
from tui.core.protocols import ITERATION, JOB_COMPLETED, LIFECYCLE, QEMU_STATUS, HypervisorEvent
from tui.core.threads import start_thread

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
    ("stopped", libvirt.VIR_DOMAIN_EVENT_STOPPED_SAVED): "saved",
    ("shutdown", libvirt.VIR_DOMAIN_EVENT_SHUTDOWN_GUEST): "by the guest",
    ("shutdown", libvirt.VIR_DOMAIN_EVENT_SHUTDOWN_HOST): "by the host",
    ("crashed", libvirt.VIR_DOMAIN_EVENT_CRASHED_PANICKED): "panicked",
}
# libvirt 8.5 and later
if hasattr(libvirt, "VIR_DOMAIN_EVENT_RESUMED_POSTCOPY_FAILED"):
    DETAILS["resumed", libvirt.VIR_DOMAIN_EVENT_RESUMED_POSTCOPY_FAILED] = "post-copy failed"

Notify = Callable[[str, HypervisorEvent], None]  # gets the name of the VM

_loop_lock = threading.Lock()
_loop_runs = False


def start_loop() -> None:
    """Register libvirt's default event loop once, and run it on a daemon thread."""
    global _loop_runs  # noqa: PLW0603 - libvirt's registration is global, too
    with _loop_lock:
        if _loop_runs:
            return
        libvirt.registerErrorHandler(_ignore, None)  # otherwise libvirt prints every error over the screen
        libvirt.virEventRegisterDefaultImpl()
        start_thread("libvirt-events", _run_loop)
        _loop_runs = True


def register(connection: Any, notify: Notify) -> list[Callable[[], object]]:
    """Subscribe to the events of all VMs; returns what ends the subscriptions, to be called on an open connection.

    A subscription to one VM would end with it, and a VM that returns from its destination is a new one to libvirt.
    Call it once per connection, because libvirt rejects a second subscription to the same event.
    """

    def lifecycle(_connection: object, domain: Any, event: int, detail: int, _opaque: object) -> None:
        word = LIFECYCLE_WORDS.get(event, str(event))
        data = {"event": word, "detail": DETAILS.get((word, detail), "")}
        notify(domain.name(), HypervisorEvent(LIFECYCLE, data))

    def iteration(_connection: object, domain: Any, number: int, _opaque: object) -> None:
        notify(domain.name(), HypervisorEvent(ITERATION, {"iteration": number}))

    def completed(_connection: object, domain: Any, stats: dict[str, Any], _opaque: object) -> None:
        notify(domain.name(), HypervisorEvent(JOB_COMPLETED, {"stats": dict(stats)}))

    callbacks = (
        (libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, lifecycle),
        (libvirt.VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION, iteration),
        (libvirt.VIR_DOMAIN_EVENT_ID_JOB_COMPLETED, completed),
    )
    ids = [connection.domainEventRegisterAny(None, kind, call, None) for kind, call in callbacks]
    ends: list[Callable[[], object]] = [partial(connection.domainEventDeregisterAny, each) for each in ids]
    return ends + _register_status(connection, notify)


def _register_status(connection: Any, notify: Notify) -> list[Callable[[], object]]:
    """Subscribe to QEMU's own event of each change of a migration's status, which libvirt passes on as it is.

    It alone tells a cancel from a failure at any time. libvirt supports it for debugging only, so it may be missing.
    """

    def status(
        _connection: object, domain: Any, _event: str, _seconds: int, _micros: int, details: str | None, _opaque: object
    ) -> None:
        try:
            found = json.loads(details or "{}")
        except ValueError:
            log.warning("QEMU's event of %s is not JSON: %r", domain.name(), details)
            return
        if isinstance(found, dict):
            notify(domain.name(), HypervisorEvent(QEMU_STATUS, {"status": str(found.get("status", ""))}))

    try:
        number = libvirt_qemu.qemuMonitorEventRegister(connection, None, "MIGRATION", status, None, 0)
    except libvirt.libvirtError as error:
        log.info("libvirt does not pass on QEMU's events: %s", error)
        return []
    return [partial(libvirt_qemu.qemuMonitorEventDeregister, connection, number)]


def _ignore(_context: object, _error: object) -> None:
    """Do nothing: the binding raises the error as well."""


def _run_loop() -> None:
    while True:
        libvirt.virEventRunDefaultImpl()
