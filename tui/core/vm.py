"""A virtual machine as libvirt lists it."""

from dataclasses import dataclass

from tui.core.quantity import size


@dataclass(frozen=True)
class Vm:
    """One domain on one host; `state` and `reason` are libvirt's terms ("running", "paused"; "post-copy")."""

    name: str
    uuid: str
    state: str
    reason: str = ""
    vcpus: int = 0
    memory_bytes: int = 0

    @property
    def running(self) -> bool:
        """Whether its vCPUs run."""
        return self.state == "running"

    @property
    def active(self) -> bool:
        """Whether it has a QEMU process, even a paused or crashed one."""
        return self.state not in ("shut off", "")

    @property
    def arriving(self) -> bool:
        """Whether it is being migrated to this host; libvirt locks its definition until the migration ends."""
        return self.state == "paused" and self.reason == "migrating"

    @property
    def incoming(self) -> bool:
        """Whether this host receives it, in post-copy too: libvirt may answer nothing but its state until the end.

        In post-copy the VM is running here, and paused at its origin.
        """
        return self.arriving or (self.running and self.reason in ("post-copy", "post-copy failed"))

    @property
    def shape(self) -> str:
        """Its vCPUs and memory: "2 vCPUs, 8.0 GiB"."""
        return f"{self.vcpus} vCPU{'' if self.vcpus == 1 else 's'}, {size(self.memory_bytes)}"


@dataclass(frozen=True)
class VmCounters:
    """What a running VM has used: the CPU time of its QEMU in ns, and what of it is in the host's memory.

    `dirty_bytes_s` is what it dirtied when that was measured last. None if unknown.
    """

    cpu_ns: int | None = None
    resident_bytes: int | None = None
    dirty_bytes_s: int | None = None


@dataclass(frozen=True)
class Daemon:
    """One libvirt daemon and its host."""

    uri: str
    hostname: str
    uuid: str  # of the host, from its capabilities; libvirt takes hosts with the same UUID for one machine
    libvirt_version: tuple[int, int, int]
    hypervisor_version: tuple[int, int, int]  # QEMU's
    cpus: int
    cpu_model: str
    memory_bytes: int
    memory_free_bytes: int
    qemu_user: tuple[int, int] | None = None  # user id and group id of QEMU's processes


@dataclass(frozen=True)
class Inventory:
    """What libvirt lists for VMs: the XML of active pools, the UUIDs of secrets, the XML of its domain capabilities.

    `secrets` are None without a driver of secrets.
    """

    pools: tuple[str, ...] = ()
    secrets: tuple[str, ...] | None = None
    capabilities: str = ""


@dataclass(frozen=True)
class VmFacts:
    """What a definition does not show: the names of the snapshots, and each disk with a block job and its kind."""

    snapshots: tuple[str, ...] = ()
    block_jobs: tuple[tuple[str, str], ...] = ()
