"""The protocols of the adapters: Hypervisor (one libvirt daemon), Shell (commands on one host), FirstLogin."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tui.core.command import Completed, OnOutput
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.ssh_key import HostKey
from tui.core.vm import Daemon, Inventory, Vm, VmCounters, VmFacts

Stat = int | float | str | bool  # one of libvirt's job statistics

# A cancel, as the statistic "type" of a job that is ending, which libvirt shows for some 0.2 s (measured with 11.3),
# and as QEMU's status. "failed" excludes no cancel: QEMU closes its socket before it sets "cancelling", and its own
# thread may see the closed socket first (measured with 10.0 on a busy machine).
JOB_CANCELLED = 5  # VIR_DOMAIN_JOB_CANCELLED
MIGRATION_IN, MIGRATION_OUT = 4, 5  # VIR_DOMAIN_JOB_OPERATION_*
STATUS_CANCELLED = frozenset({"cancelling", "cancelled"})

# Kinds of events in raw.jsonl.
ITERATION = "iteration"  # MIGRATION_ITERATION; data: iteration, QEMU's number of the pass
LIFECYCLE = "lifecycle"  # data: host ("source" or "destination"), event, detail
JOB_COMPLETED = "job-completed"  # JOB_COMPLETED, or the statistics of the completed job; data: stats
QEMU_STATUS = "qemu-status"  # QEMU's event MIGRATION; data: status, a MigrationStatus such as "postcopy-active"

# How a VM's network cards are announced again: by a call of libvirt, or by a command to QEMU over its monitor, which
# marks the VM as tainted.
BY_LIBVIRT, BY_MONITOR = "libvirt", "monitor"


@dataclass(frozen=True)
class JobInfo:
    """libvirt's statistics of the running job, empty without a job, and the VM's state at the same moment."""

    stats: Mapping[str, Stat]
    state: str


@dataclass(frozen=True)
class DirtyRate:
    """The newest dirty-rate calculation of a VM: its length, and bytes per second, None until it has ended."""

    measuring: bool
    seconds: int = 0
    bytes_s: int | None = None


@dataclass(frozen=True)
class MemoryUse:
    """Bytes: what of a VM's QEMU is in the host's memory, and what the guest uses, caches included; None if unknown.

    The first includes QEMU's own memory: with KVM some 50 MiB, under emulation hundreds for the translated code.
    """

    resident: int | None
    by_guest: int | None


@dataclass(frozen=True)
class HypervisorEvent:
    """An event from the daemon; kind is ITERATION, LIFECYCLE, JOB_COMPLETED or QEMU_STATUS."""

    kind: str
    data: Mapping[str, object]


class Hypervisor(Protocol):
    """One libvirt daemon; every call blocks, is thread-safe and raises Failure."""

    uri: str

    def daemon(self) -> Daemon:
        """The daemon and its host."""

    def vms(self) -> tuple[Vm, ...]:
        """All VMs, sorted by name."""

    def vm_counters(self) -> Mapping[str, VmCounters]:
        """By name, the counters of all running VMs, in one call that waits for no VM; empty if it is not supported."""

    def vm(self, name: str) -> Vm | None:
        """The VM, or None if the daemon has no VM of that name."""

    def definition(self, name: str, *, inactive: bool = False) -> str:
        """The VM's XML as it runs, or with `inactive` as it will start next; "" if there is no VM of that name."""

    def inventory(self) -> Inventory:
        """The pools, secrets and supported devices that its VMs can use."""

    def vm_facts(self, name: str, disks: Sequence[str]) -> VmFacts:
        """What the definition of a VM does not show; `disks` are the targets to look at, none for a VM that is off."""

    def cpu_lacks(self, xml: str, virtualization: str) -> str:
        """The features of that CPU that a VM can't have here, as libvirt reports them; "" if it can run here."""

    def machine_types(self) -> tuple[str, ...]:
        """The machine types, aliases included, that its QEMU offers for x86-64 VMs."""

    def cpu_xml(self, virtualization: str) -> str:
        """The best migratable CPU that a VM can have here; `virtualization` is KVM or QEMU of vm.model.cpu."""

    def compare_cpu(self, xml: str, virtualization: str) -> str:
        """Whether a VM with that CPU can run here: IDENTICAL, SUPERSET (the host has more) or INCOMPATIBLE."""

    def baseline_cpu(self, xmls: Sequence[str], virtualization: str, *, expand_features: bool = False) -> str:
        """The best CPU that all of these have in common; `expand_features` lists the features of its model, too."""

    def define(self, xml: str) -> None:
        """Validate the domain XML against libvirt's schema and define the VM."""

    def undefine(self, name: str) -> None:
        """Remove a VM that is off, with its NVRAM, saved state and snapshot metadata; its disks stay."""

    def set_mark(self, name: str, mark: str) -> None:
        """Set a mark of vm.model.domain_mark in the VM's definition; "" removes it."""

    def next_definition(self, name: str) -> str:
        """The VM's XML as it will start next, with its passwords; "" for a VM that ends with its QEMU."""

    def update_device(self, name: str, xml: str, *, live: bool, config: bool, force: bool = False) -> None:
        """Change a device of the running VM, of its definition, or of both; `force` opens a tray that is locked."""

    def detach_device(self, name: str, xml: str, *, live: bool, config: bool) -> None:
        """Detach a device; a running guest may release it only after this has returned, or never."""

    def snapshot_definitions(self, name: str) -> Mapping[str, str]:
        """The XML of the VM's snapshots by name, with passwords, each after the one that it is based on."""

    def forget_snapshot(self, name: str, snapshot: str) -> None:
        """Delete what libvirt knows of a snapshot; the disks stay as they are."""

    def abort_block_job(self, name: str, disk: str) -> None:
        """Abort the block job of a disk, by its target."""

    def abort_backup(self, name: str) -> None:
        """Abort the running backup."""

    def autostart(self, name: str) -> bool:
        """Whether the daemon starts the VM with its host."""

    def set_autostart(self, name: str, on: bool) -> None:
        """Let the daemon start the VM with its host, or not; the VM must be persistent."""

    def announce_by(self) -> str:
        """BY_LIBVIRT or BY_MONITOR, how the daemon can announce a VM; "" if it can't."""

    def announce(self, name: str, by: str) -> None:
        """Make the running VM announce the addresses of its network cards to the switches, as after a migration."""

    def networks(self) -> tuple[str, ...]:
        """The names of libvirt's active networks."""

    def addresses(self, name: str) -> tuple[str, ...]:
        """The known addresses of a running VM; empty if none is known."""

    def start(self, name: str) -> None:
        """Start a VM that is off."""

    def shut_down(self, name: str) -> None:
        """Request a shutdown by the guest; returns at once."""

    def force_off(self, name: str) -> None:
        """Stop the VM at once, like pulling its power plug."""

    def agent_command(self, name: str, command: str, limit_s: float) -> str:
        """The guest agent's reply, as JSON; AgentUnavailable if it got no command, AgentRefused if it failed."""

    def migrate(self, plan: Plan, destination_uri: str) -> None:
        """Migrate peer-to-peer; returns when the migration has completed, raises Aborted if it was cancelled."""

    def move_definition(self, plan: Plan, destination_uri: str) -> None:
        """Move the definition of a VM that is off to the other host."""

    def job(self, name: str) -> JobInfo:
        """The statistics of the running job."""

    def completed_job(self, name: str) -> Mapping[str, Stat]:
        """The statistics of the last completed job; empty if the daemon has none, or no longer."""

    def start_post_copy(self, name: str) -> None:
        """Switch the running migration to post-copy."""

    def abort_job(self, name: str) -> None:
        """Cancel the running migration."""

    def suspend(self, name: str) -> None:
        """Suspend the VM while it migrates; libvirt resumes it at the end, on either host."""

    def pause_post_copy(self, name: str) -> None:
        """Pause a migration in post-copy, which only `resume_post_copy` continues; libvirt 8.5 and later."""

    def resume_post_copy(self, plan: Plan, destination_uri: str) -> None:
        """Continue a post-copy that is paused on both hosts; returns like `migrate`; libvirt 8.5 and later.

        Call it only if migration.model.resume.why_not_resume allows it: libvirt 11.2 and 11.3 crash.
        """

    def max_downtime(self, name: str) -> int:
        """The maximum downtime of the VM's migration, in milliseconds."""

    def set_max_downtime(self, name: str, milliseconds: int) -> None:
        """Set the maximum downtime of the VM's migration."""

    def set_bandwidth(self, name: str, mib_per_s: int) -> None:
        """Set the bandwidth limit of the VM's migration until post-copy; 0 means no limit."""

    def set_post_copy_bandwidth(self, name: str, mib_per_s: int) -> None:
        """Set the bandwidth limit of the VM's post-copy, which begins without one; 0 means no limit."""

    def start_dirty_rate(self, name: str, seconds: int) -> None:
        """Begin to measure what the running VM dirties within 1 to 60 seconds; do not call it during a migration.

        libvirt would wait half a minute for the end of the migration, then refuse it.
        """

    def dirty_rate(self, name: str) -> DirtyRate:
        """The state of the newest measurement."""

    def memory_use(self, name: str) -> MemoryUse:
        """How much memory the running VM uses."""

    def subscribe(self, name: str, listener: Callable[[HypervisorEvent], None]) -> Callable[[], None]:
        """Call `listener` on libvirt's event thread for each event of the VM, until the returned function is called."""

    def is_alive(self) -> bool:
        """Whether the connection is still open; a broken one does not recover."""

    def close(self) -> None:
        """Close the connection."""


class Aborted(Failure):
    """The migration was cancelled, by this app or by another client."""


class ConnectionBroken(Failure):
    """libvirt reported only that a connection ended; a migration may have had another reason, or may go on."""


class StreamBroken(Failure):
    """QEMU reported only that the stream to the other QEMU ended; a cancel by another program looks the same."""


class QemuEnded(Failure):
    """The VM's QEMU does not exist any more; libvirt may report the VM as active for another minute."""


class PostCopyImpossible(Failure):
    """A host, the VM or an option of the migration does not allow post-copy, whenever it is requested."""


class VmBusy(Failure):
    """Another operation on the VM did not end in the time that libvirt waits (30 s), so this one did not begin."""


class AgentUnavailable(Failure):
    """The guest agent cannot be reached through this daemon, so it did not receive the command."""


class AgentRefused(Failure):
    """The guest agent received the command and replied with an error."""


class FirstLogin(Protocol):
    """Sets up the login to a host that does not accept the user's key yet; raises Failure."""

    async def host_key(self) -> HostKey:
        """The host's key, not verified yet."""

    async def trust(self, fingerprint: str) -> None:
        """Add the host's key to known_hosts if it still has this fingerprint, which the user has compared."""

    async def authorize(self, password: str) -> None:
        """Log in with the password once to authorise the user's own key; creates a key if there is none."""


class Shell(Protocol):
    """Commands on one host, as argument lists; raises Failure if the host cannot be reached."""

    async def run(
        self, argv: Sequence[str], *, stdin: str | bytes = "", timeout: float = 30.0, on_output: OnOutput | None = None
    ) -> Completed:
        """Run a command; Failure if it takes longer than `timeout` seconds."""

    async def close(self) -> None:
        """Close the connection, if any."""
