"""What libvirt lists for VMs: pools, secrets, supported devices, snapshots, block jobs and missing CPU features."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import libvirt

from tui.adapters.libvirt.calls import Calls
from tui.core.vm import Inventory, VmFacts

# A daemon without the driver, or a modular one that does not run.
NO_DRIVER = frozenset({libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_NO_CONNECT, libvirt.VIR_ERR_OPERATION_UNSUPPORTED})
NO_CPU = frozenset({libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_CONFIG_UNSUPPORTED})
ORDERED = libvirt.VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL  # each after the one that it is based on
NO_JOB = frozenset({libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_OPERATION_INVALID, libvirt.VIR_ERR_INVALID_ARG})
JOBS = {
    libvirt.VIR_DOMAIN_BLOCK_JOB_TYPE_PULL: "pull",
    libvirt.VIR_DOMAIN_BLOCK_JOB_TYPE_COPY: "copy",
    libvirt.VIR_DOMAIN_BLOCK_JOB_TYPE_COMMIT: "commit",
    libvirt.VIR_DOMAIN_BLOCK_JOB_TYPE_ACTIVE_COMMIT: "active commit",
    5: "backup",  # VIR_DOMAIN_BLOCK_JOB_TYPE_BACKUP of libvirt 6.0
}
FEATURES = re.compile(r"(?:required|missing) features: *([^\n]{1,4000})")
FAIL = libvirt.VIR_CONNECT_COMPARE_CPU_FAIL_INCOMPATIBLE


class InventoryCalls(Calls):
    """The part of core.protocols.Hypervisor that shows whether a VM can migrate."""

    def inventory(self) -> Inventory:
        what = f"What libvirt at {self.uri} has for VMs could not be read"
        none: dict[int, Any] = dict.fromkeys(NO_DRIVER)
        active = libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE
        pools = self._do(what, lambda: tuple(self._pools(self._connection.listAllStoragePools(active))), none)
        secrets = self._do(what, lambda: tuple(each.UUIDString() for each in self._connection.listAllSecrets(0)), none)
        capabilities = self._do(what, lambda: str(self._connection.getDomainCapabilities(None, None, None, None)), none)
        return Inventory(pools or (), secrets, capabilities or "")

    def _pools(self, pools: Sequence[Any]) -> Iterator[str]:
        for pool in pools:
            try:
                yield pool.XMLDesc(0)
            except libvirt.libvirtError as error:
                if error.get_error_code() != libvirt.VIR_ERR_NO_STORAGE_POOL:  # stopped since it was listed
                    raise

    def vm_facts(self, name: str, disks: Sequence[str]) -> VmFacts:
        def read() -> VmFacts:
            domain = self._connection.lookupByName(name)
            snapshots = _or_none(lambda: tuple(each.getName() for each in domain.listAllSnapshots(ORDERED)), NO_DRIVER)
            jobs = ((disk, _or_none(lambda: domain.blockJobInfo(disk, 0), NO_JOB)) for disk in disks)  # noqa: B023
            found = tuple((disk, JOBS.get(job.get("type", 0), "unknown")) for disk, job in jobs if job)
            return VmFacts(snapshots or (), found)

        return self._do(f"The snapshots and block jobs of {name} could not be read", read)

    def cpu_lacks(self, xml: str, virtualization: str) -> str:
        def read() -> str:
            try:
                self._connection.compareHypervisorCPU(None, None, None, virtualization, xml, FAIL)
            except libvirt.libvirtError as error:
                if error.get_error_code() in NO_CPU:
                    return ""
                if error.get_error_code() != libvirt.VIR_ERR_CPU_INCOMPATIBLE:
                    raise
                found = FEATURES.search(error.get_error_message())
                return found[1].strip() if found else "libvirt does not name them"
            return ""

        return self._do(f"CPUs could not be compared by {self.uri}", read)


def _or_none(call: Callable[[], Any], expected: frozenset[int]) -> Any:
    """The result of `call`, None for an expected error."""
    try:
        return call()
    except libvirt.libvirtError as error:
        if error.get_error_code() not in expected:
            raise
        return None
