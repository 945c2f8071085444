"""Converts a migration plan to the flags and parameters of libvirt's migrateToURI3."""

from typing import Any

import libvirt

from tui.core.plan import Plan
from tui.core.virsh_options import OPTIONS, separated


def migration_flags(plan: Plan) -> int:
    """migrateToURI3's flags: live, peer-to-peer, and those of the options that are on."""
    flags = libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_PEER2PEER
    for option in OPTIONS:
        if option.is_flag and getattr(plan, option.name):
            flags |= int(option.libvirt)
    if plan.post_copy:
        flags |= libvirt.VIR_MIGRATE_POSTCOPY
    if plan.auto_converge:
        flags |= libvirt.VIR_MIGRATE_AUTO_CONVERGE
    if plan.parallel:
        flags |= libvirt.VIR_MIGRATE_PARALLEL
    return int(flags)


def offline_flags(plan: Plan) -> int:
    """The flags that move the definition of a VM that is off."""
    flags = libvirt.VIR_MIGRATE_OFFLINE | libvirt.VIR_MIGRATE_PEER2PEER | libvirt.VIR_MIGRATE_PERSIST_DEST
    return int(flags | (libvirt.VIR_MIGRATE_UNDEFINE_SOURCE if plan.undefinesource else 0))


def resume_flags(plan: Plan) -> int | None:
    """The flags that continue a paused post-copy of `plan`; None if libvirt's binding is older than 8.5."""
    resume = getattr(libvirt, "VIR_MIGRATE_POSTCOPY_RESUME", None)
    return None if resume is None else migration_flags(plan) | libvirt.VIR_MIGRATE_POSTCOPY | int(resume)


def migration_parameters(plan: Plan) -> dict[str, Any]:
    """migrateToURI3's typed parameters."""
    parameters: dict[str, Any] = {}
    if plan.bandwidth_mib_s:
        parameters[libvirt.VIR_MIGRATE_PARAM_BANDWIDTH] = plan.bandwidth_mib_s
    if plan.parallel:
        parameters[libvirt.VIR_MIGRATE_PARAM_PARALLEL_CONNECTIONS] = plan.parallel
    for option in OPTIONS:
        value = getattr(plan, option.name)
        if not option.is_flag and value not in (None, ""):
            parameters[str(option.libvirt)] = list(separated(value)) if option.is_list else value
    return parameters
