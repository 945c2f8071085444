"""The two doors to the world: Hypervisor (one libvirt daemon) and Shell (commands on one host)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tui.core.command import Completed
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.ssh_key import HostKey
from tui.core.vm import Daemon, Vm

Stat = int | float | str | bool  # one job statistic, as libvirt gives it

# Kinds of events, as libvirt raises them and raw.jsonl keeps them.
ITERATION = "iteration"  # MIGRATION_ITERATION; data: iteration, as QEMU counts
LIFECYCLE = "lifecycle"  # data: host ("source" or "destination"), event, detail
JOB_COMPLETED = "job-completed"  # JOB_COMPLETED, or the statistics of the completed job; data: stats


@dataclass(frozen=True)
class JobInfo:
    """One answer to "how is the migration doing": libvirt's statistics and the VM's state at the same moment.

    `stats` is empty where no job runs.
    """

    stats: Mapping[str, Stat]
    state: str


@dataclass(frozen=True)
class HypervisorEvent:
    """What the daemon said by itself: kind is one of ITERATION, LIFECYCLE, JOB_COMPLETED."""

    kind: str
    data: Mapping[str, object]


class Hypervisor(Protocol):
    """One libvirt daemon. Every call blocks, may be made from any thread, and fails with model.failure.Failure."""

    uri: str

    def daemon(self) -> Daemon: ...
    def vms(self) -> tuple[Vm, ...]: ...
    def vm(self, name: str) -> Vm | None:
        """The VM, or None where the daemon knows none of that name."""

    def definition(self, name: str, *, inactive: bool = False) -> str:
        """The VM's definition in libvirt's XML, as it runs if it does; "" where the daemon knows none of that name.

        `inactive`: as it would start the next time.
        """

    def machine_types(self) -> tuple[str, ...]:
        """The machine types that its QEMU can give an x86-64 VM, aliases among them."""

    def cpu_xml(self, virtualization: str) -> str:
        """The best CPU that a VM can have here and be migrated with; `virtualization` is host_cpu.KVM or QEMU."""

    def compare_cpu(self, xml: str, virtualization: str) -> str:
        """Whether a VM with that CPU can run here: host_cpu.IDENTICAL, SUPERSET (this has more) or INCOMPATIBLE."""

    def baseline_cpu(self, xmls: Sequence[str], virtualization: str, *, expand_features: bool = False) -> str:
        """The best CPU that all of these have; `expand_features`: with each feature that its model implies."""

    def define(self, xml: str) -> None:
        """Validate the domain XML against libvirt's own schema and define it."""

    def undefine(self, name: str) -> None:
        """Forget a VM that is off, with its NVRAM, saved state and the records of its snapshots; its disks stay."""

    def set_mark(self, name: str, mark: str) -> None:
        """Put one of model.domain_mark's marks into the definition of a VM, or with "" take it away."""

    def networks(self) -> tuple[str, ...]:
        """libvirt's own networks that are up."""

    def addresses(self, name: str) -> tuple[str, ...]:
        """The addresses of a VM that runs here, as far as anybody knows them: none is no failure."""

    def start(self, name: str) -> None: ...
    def shut_down(self, name: str) -> None:
        """Ask the guest to shut down; returns at once."""

    def force_off(self, name: str) -> None: ...
    def agent_command(self, name: str, command: str, limit_s: float) -> str:
        """What the guest agent of a VM that runs here answers to a command, JSON both; within `limit_s`.

        AgentUnavailable where nobody can have heard it, AgentRefused where the agent said no.
        """

    def migrate(self, plan: Plan, destination_uri: str) -> None:
        """Migrate peer-to-peer; returns when the migration has ended well, which takes as long as it takes.

        A migration that was cancelled raises Aborted.
        """

    def job(self, name: str) -> JobInfo: ...
    def completed_job(self, name: str) -> Mapping[str, Stat]:
        """The statistics of the last completed job, empty where the daemon does not know any (more)."""

    def start_post_copy(self, name: str) -> None: ...
    def abort_job(self, name: str) -> None: ...
    def max_downtime_ms(self, name: str) -> int: ...
    def set_max_downtime(self, name: str, milliseconds: int) -> None: ...
    def set_bandwidth(self, name: str, mib_per_s: int) -> None: ...
    def subscribe(self, name: str, listener: Callable[[HypervisorEvent], None]) -> Callable[[], None]:
        """Call `listener`, on a thread of the daemon's connection, for events of one VM; the result ends that."""

    def is_alive(self) -> bool:
        """Whether the connection still stands; a broken one stays broken, open another."""

    def close(self) -> None: ...


class Aborted(Failure):
    """Somebody cancelled it, here or elsewhere."""


class AgentUnavailable(Failure):
    """The guest agent is not there, or can't be reached through this daemon: it was told nothing."""


class AgentRefused(Failure):
    """The guest agent was asked, and answered that it can't or may not."""


class FirstLogin(Protocol):
    """The way into a host that ssh does not let the app into yet; fails with model.failure.Failure."""

    async def host_key(self) -> HostKey:
        """The key that the host shows; nobody has said yet that it is the right one."""

    async def trust(self, fingerprint: str) -> None:
        """Take the host's key up as known, if it still has this fingerprint, which a person has compared."""

    async def authorize(self, password: str) -> None:
        """Log in with the password this once, to have the user's own key let in; one is made where there is none."""


class Shell(Protocol):
    """Commands on one host, as argument lists; a host that cannot be reached raises model.failure.Failure."""

    async def run(
        self,
        argv: Sequence[str],
        *,
        stdin: str | bytes = "",
        timeout: float = 30.0,
        on_output: Callable[[str], None] | None = None,
    ) -> Completed:
        """What the command answered; `hear` gets what it prints while it runs, both streams as they come.

        Past `timeout` seconds the command is given up with a Failure.
        """

    async def close(self) -> None: ...
