"""Converts a migration plan to the flags and parameters of libvirt's migrateToURI3."""

from typing import Any

import libvirt

from tui.core.plan import Plan

# The options of virsh by the names of the plan, with the bit of the flag or the parameter as libvirt documents it: an
# older binding has no constant for a newer one, and the daemons decide whether they know it.
FLAGS = {
    "tunnelled": 1 << 2,
    "persistent": 1 << 3,
    "undefinesource": 1 << 4,
    "suspend": 1 << 5,
    "change_protection": 1 << 8,
    "abort_on_error": 1 << 12,
    "rdma_pin_all": 1 << 14,
    "tls": 1 << 16,
    "zerocopy": 1 << 20,
    "copy_storage_all": 1 << 6,
    "copy_storage_inc": 1 << 7,
    "copy_storage_synchronous_writes": 1 << 18,
}
PARAMETERS = {
    "comp_xbzrle_cache_bytes": "compression.xbzrle.cache",
    "comp_zlib_level": "compression.zlib.level",
    "comp_zstd_level": "compression.zstd.level",
    "comp_mt_level": "compression.mt.level",
    "comp_mt_threads": "compression.mt.threads",
    "comp_mt_dthreads": "compression.mt.dthreads",
    "auto_converge_initial": "auto_converge.initial",
    "auto_converge_increment": "auto_converge.increment",
    "postcopy_bandwidth_mib_s": "bandwidth.postcopy",
    "available_switchover_bandwidth_mib_s": "bandwidth.avail.switchover",
    "tls_destination": "tls.destination",
    "migrateuri": "migrate_uri",
    "listen_address": "listen_address",
    "graphicsuri": "graphics_uri",
    "dname": "destination_name",
    "disks_port": "disks_port",
    "disks_uri": "disks_uri",
}

LISTS = {  # one parameter for each word
    "comp_methods": "compression",
    "migrate_disks": "migrate_disks",
    "migrate_disks_detect_zeroes": "migrate_disks_detect_zeroes",
}

NO_LIMIT_MIB_S = 2**63 // 2**20 - 1  # the largest value that libvirt can convert to bytes for QEMU


def migration_flags(plan: Plan) -> int:
    """migrateToURI3's flags: live, peer-to-peer, and those of the options that are on."""
    flags = libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_PEER2PEER
    for name, bit in FLAGS.items():
        flags |= bit if getattr(plan, name) else 0
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
    for name, parameter in LISTS.items():
        words = getattr(plan, name).split(",")
        if any(words):
            parameters[parameter] = [each for each in words if each]
    values = {parameter: getattr(plan, name) for name, parameter in PARAMETERS.items()}
    return parameters | {parameter: value for parameter, value in values.items() if value not in (None, "")}
