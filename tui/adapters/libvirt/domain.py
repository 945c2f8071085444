"""Converts libvirt's domains to the app's VMs, with state and reason as words."""

from typing import Any

import libvirt

from tui.core.vm import Vm
from tui.guest.model.heartbeat import parse_addresses

STATES = {
    libvirt.VIR_DOMAIN_NOSTATE: "no state",
    libvirt.VIR_DOMAIN_RUNNING: "running",
    libvirt.VIR_DOMAIN_BLOCKED: "blocked",
    libvirt.VIR_DOMAIN_PAUSED: "paused",
    libvirt.VIR_DOMAIN_SHUTDOWN: "in shutdown",
    libvirt.VIR_DOMAIN_SHUTOFF: "shut off",
    libvirt.VIR_DOMAIN_CRASHED: "crashed",
    libvirt.VIR_DOMAIN_PMSUSPENDED: "suspended",
}

REASONS = {
    (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_USER): "by a user",
    (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_MIGRATION): "migrating",
    (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_IOERROR): "I/O error",
    (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_POSTCOPY): "post-copy",
    (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_POSTCOPY_FAILED): "post-copy failed",
    (libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_POSTCOPY): "post-copy",
    (libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED): "migrated",
    (libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_CRASHED): "crashed",
}
# libvirt 8.5 and later
if hasattr(libvirt, "VIR_DOMAIN_RUNNING_POSTCOPY_FAILED"):
    REASONS[libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_POSTCOPY_FAILED] = "post-copy failed"


def state_words(domain: Any) -> str:
    """The domain's state, with the reason in parentheses if it adds something."""
    state, reason = domain.state()
    words, why = STATES.get(state, str(state)), REASONS.get((state, reason), "")
    return f"{words} ({why})" if why else words


def vm_of(domain: Any) -> Vm | None:
    """The VM, or None if the domain has vanished since it was listed."""
    try:
        state, _limit, memory_kib, vcpus, _time = domain.info()
        reason = REASONS.get((state, domain.state()[1]), "")
        return Vm(
            name=domain.name(),
            uuid=domain.UUIDString(),
            state=STATES.get(state, str(state)),
            reason=reason,
            vcpus=vcpus,
            memory_bytes=memory_kib * 1024,
        )
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return None
        raise


def addresses(domain: Any, source: int) -> tuple[str, ...]:
    """The VM's addresses from one of libvirt's sources; none if that source fails."""
    try:
        found = domain.interfaceAddresses(source)
    except libvirt.libvirtError:
        return ()
    return parse_addresses(" ".join(each["addr"] for card in found.values() for each in card["addrs"] or ()))
