"""A virtual machine as libvirt lists it."""

from dataclasses import dataclass

from tui.core.quantity import size


@dataclass(frozen=True)
class Vm:
    """One domain on one host; `state` and `reason` are libvirt's words ("running", "paused"; "post-copy")."""

    name: str
    uuid: str
    state: str
    reason: str = ""
    vcpus: int = 0
    memory_bytes: int = 0
    persistent: bool = True

    @property
    def running(self) -> bool:
        return self.state == "running"

    @property
    def active(self) -> bool:
        """Whether a QEMU process exists for it, be it paused or crashed."""
        return self.state not in ("shut off", "")

    @property
    def shape(self) -> str:
        """Its CPUs and memory."""
        return f"{self.vcpus} vCPU{'' if self.vcpus == 1 else 's'}, {size(self.memory_bytes)}"


@dataclass(frozen=True)
class Daemon:
    """One libvirt daemon and the machine under it."""

    uri: str
    hostname: str
    uuid: str  # of the host, from its capabilities: two equal ones are one machine to libvirt
    libvirt_version: tuple[int, int, int]
    hypervisor_version: tuple[int, int, int]  # QEMU's
    cpus: int
    cpu_model: str
    memory_bytes: int
    memory_free_bytes: int
    qemu_user: tuple[int, int] | None = None  # the numbers of the user and the group that QEMU runs as
