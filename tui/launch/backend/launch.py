"""Boots and stops the chosen VM on its host, and runs workloads in its guest."""

import asyncio
import shlex
import time
from collections.abc import Callable

from tui.core import actions
from tui.core.connections import Connections
from tui.core.failure import Failure, UntrustedHost
from tui.core.limit import within
from tui.core.protocols import FirstLogin, Shell
from tui.core.quantity import MIB
from tui.core.settings import AGENT_REACH, state_folder
from tui.core.ssh_target import parse_target
from tui.guest.backend.addresses import GuestAddresses
from tui.guest.backend.agent_shell import AgentShell
from tui.guest.backend.guest import WORKLOAD, Guest, OnProgress
from tui.guest.backend.heartbeats import Heartbeats
from tui.guest.backend.workloads import Workloads
from tui.guest.model.agent import AGENT
from tui.guest.model.cloud_init import CloudInit
from tui.guest.model.workload import CPU, MEMORY, WorkloadSpec, WorkloadStatus
from tui.launch.backend.definitions import Definitions
from tui.launch.backend.new_vms import NewVms
from tui.launch.backend.use import VmUses
from tui.linux.sudo import Sudo
from tui.vm.backend.fixes import Fixes
from tui.vm.backend.location import placement
from tui.vm.backend.targets import Targets
from tui.vm.backend.vms import Deletion, Vms
from tui.vm.model.location import VmPlacement

BOOT_LIMIT_S = 900.0  # the first boot of a cloud image installs the agent, which takes minutes if emulated
LONG_BOOT_S = 60.0  # after this time the progress mentions the console
FIRST_PING_LIMIT_S = 2.0
SHUTDOWN_LIMIT_S = 90.0
POLL_EVERY_S = 0.5
CLOUD_INIT_RUNS = "cloud-init runs in the guest"
HOST_KEYS = "cat /etc/ssh/ssh_host_*_key.pub"


class Launch:
    """The VMs, their guests and workloads; every method raises Failure, `on_progress` gets the current step."""

    def __init__(
        self,
        connections: Connections,
        sudo: Sudo,
        addresses: GuestAddresses | None = None,
        first_login: Callable[[str], FirstLogin] | None = None,
    ) -> None:
        self._connections = connections
        self._addresses = addresses or GuestAddresses()
        self._first_login = first_login
        self.vms = Vms(connections, sudo)
        self.fixes = Fixes(connections, self.vms, state_folder() / "snapshots")
        self.targets = Targets(connections, self.vms)
        self.new_vms = NewVms(connections, self.vms, self._addresses)
        self.definitions = Definitions(connections, self.vms, state_folder() / "definitions")
        self.uses = VmUses(connections)
        self.config = connections.config
        self.heartbeats = Heartbeats(self.guest, self.config.vm.heartbeat_port)
        self.workloads = Workloads(self.guest, self.heartbeats)
        self.name = self.config.vm.name  # the chosen VM
        self._agents: dict[str, AgentShell] = {}  # by VM

    @property
    def address(self) -> str:
        """How the source reaches the guest of the chosen VM: an ssh address or AGENT, "" if unknown."""
        return self.address_of(self.name)

    def address_of(self, name: str) -> str:
        """As `address`, for any VM; a stored address overrides the configuration, because it is newer."""
        vm = self.config.vm
        by_agent = AGENT if vm.reach == AGENT_REACH else ""
        if name == vm.name:
            return by_agent or self.kept_address(name) or vm.ssh or ""
        return self.kept_address(name) or by_agent

    def kept_address(self, name: str) -> str:
        """The stored address of a VM, from the user or a seed; "" if there is none."""
        return self._addresses.of(name)

    def keep_address(self, address: str) -> None:
        """Store the address of the chosen VM's guest."""
        self._addresses.keep(self.name, address)

    def user_of(self, name: str) -> str:
        """The user for ssh to the guest of a VM, "" if unknown."""
        user = self._addresses.user_of(name)
        ssh = self.config.vm.ssh
        return user or (parse_target(ssh).user if ssh else "")

    async def found_addresses(self, name: str) -> tuple[str, ...]:
        """The IP addresses of a running VM's guest that libvirt or the guest agent reports."""
        where = await self.vm_state(name)
        if not where.active:
            return ()
        return await self._connections.query(where.host, lambda hypervisor: hypervisor.addresses(name), name)

    async def trust_host_key(self, name: str, address: str) -> None:
        """Add the host key at an ssh address to the known hosts if the guest agent reports the same key.

        That excludes a man in the middle: the agent is reached through libvirt, not over the guest's network.
        """
        if self._first_login is None:
            return
        login = self._first_login(address)
        shown = await login.host_key()
        reported = await AgentShell(self._connections, name).run(["sh", "-c", HOST_KEYS])
        if shown.line in (" ".join(line.split()[:2]) for line in reported.stdout.splitlines()):
            await login.trust(shown.fingerprint)

    def choose(self, name: str) -> None:
        """Use this VM from now on; running actions continue with theirs."""
        self.name = name

    @property
    def workload_names(self) -> tuple[str, ...]:
        """The names of all workloads."""
        return (MEMORY, CPU, *self.config.workload.own)

    def default_spec(self, name: str) -> WorkloadSpec:
        """The workload with the values of the configuration."""
        if name in self.config.workload.own:
            return WorkloadSpec(name, command=self.config.workload.own[name].command)
        if name == CPU:
            return WorkloadSpec(CPU, self.config.workload.cpu.threads)
        memory = self.config.workload.memory
        return WorkloadSpec(MEMORY, memory.threads, memory.size_bytes // MIB, memory.rate_mib_s)

    # -- the VM --

    async def vm_state(self, name: str = "") -> VmPlacement:
        """The placement of a VM, by default the chosen one."""
        return await placement(self._connections, name or self.name)

    async def boot(self, on_progress: OnProgress, name: str = "") -> str:
        """Start a VM on its host, by default the chosen one, and wait for its guest; returns a sentence."""
        where = await self.vm_state(name)
        if where.why_not_boot():
            raise Failure(where.why_not_boot())
        on_progress(f"starting {where.name} on {where.host}")
        await self._connections.command(where.host, lambda hypervisor: hypervisor.start(where.name))
        if not self.address_of(where.name):
            return f"{where.name} was started; without the guest's address its boot can't be monitored."
        return await self.wait_for_guest(where.name, on_progress)

    async def wait_for_guest(self, name: str, on_progress: OnProgress) -> str:
        """Wait until the guest can be reached over ssh or its agent, and cloud-init has finished."""
        began = time.monotonic()
        await self._guest_shell(name).close()  # it is connected to the guest before the restart
        reason, limit_s = "no reply yet", FIRST_PING_LIMIT_S
        while time.monotonic() - began < BOOT_LIMIT_S:
            long = time.monotonic() - began >= LONG_BOOT_S
            on_progress(f"booting: {reason}{'; ' + actions.CONSOLE + ' opens its console' if long else ''}")
            guest = self.guest(name)  # read again, because the user may change its address meanwhile
            try:
                await within(limit_s, guest.ping())
                cloud = await guest.cloud_init()
            except UntrustedHost:
                raise
            except asyncio.TimeoutError:
                # A login begun before the guest's network is up loses its packets, so a new one is faster; but a slow
                # guest needs a longer limit.
                reason, limit_s = "no reply yet", limit_s * 1.5
                await self._guest_shell(name).close()
            except Failure as failure:
                reason = failure.why or failure.what
            else:
                if not cloud.running:
                    return _booted(name, time.monotonic() - began, cloud)
                reason = CLOUD_INIT_RUNS
            await self._require_running(name)
            await asyncio.sleep(POLL_EVERY_S)
        raise self._boot_timeout(name, reason)

    def _boot_timeout(self, name: str, reason: str) -> Failure:
        address, console = self.address_of(name), f"Its console shows more: {actions.CONSOLE} opens it."
        if reason == CLOUD_INIT_RUNS:
            return Failure(f"{name} is not set up after {BOOT_LIMIT_S:.0f} s", reason, console)
        how, check = ("through its agent", "") if address == AGENT else ("over ssh", f"Is {address} its address? ")
        return Failure(f"{name} did not reply {how} within {BOOT_LIMIT_S:.0f} s", reason, f"{check}{console}")

    async def shut_down(self, on_progress: OnProgress, name: str = "") -> None:
        """Request a shutdown from the guest, by default the chosen one, and wait until the VM is off."""
        where = await self._running_vm("be shut down", name)
        await self._connections.command(where.host, lambda hypervisor: hypervisor.shut_down(where.name))
        began = time.monotonic()
        while time.monotonic() - began < SHUTDOWN_LIMIT_S:
            on_progress("shutting down")
            await asyncio.sleep(POLL_EVERY_S)
            now = await self.vm_state(where.name)
            if not now.active and where.host not in now.unreachable:
                return
        raise Failure(
            f"{where.name} still runs {SHUTDOWN_LIMIT_S:.0f} s after the shutdown request",
            "the guest ignores it, or is busy",
            "Wait, or force it off.",
        )

    async def force_off(self, on_progress: OnProgress, name: str = "") -> None:
        """Switch a VM off at once, by default the chosen one, unless it is being migrated."""
        where = await self._running_vm("be forced off", name)
        job = await self._connections.query(where.host, lambda hypervisor: hypervisor.job(where.name), where.name)
        if job.stats:  # in post-copy the memory on both hosts would be lost
            raise Failure(
                f"{where.name} can't be forced off now",
                "it is being migrated",
                f"Cancel the migration first, or in an emergency run `virsh destroy {shlex.quote(where.name)}`.",
            )
        on_progress(f"forcing {where.name} off")
        await self._connections.command(where.host, lambda hypervisor: hypervisor.force_off(where.name))

    async def delete(self, deletion: Deletion, *, disks: bool) -> str:
        """Delete a VM and its stored address, its disks only if `disks`; returns a sentence for the user."""
        sentence = await self.vms.delete(deletion, disks=disks)
        try:
            self._addresses.keep(deletion.name, "")
        except Failure as failure:  # the VM is deleted nevertheless
            sentence += f" {failure}"
        return sentence

    # -- the workload --

    async def start_workload(self, spec: WorkloadSpec, on_progress: OnProgress, name: str = "") -> WorkloadStatus:
        """Start a workload in a VM, by default the chosen one; see Workloads.start."""
        where = await self._running_vm("run a workload", name)
        memory_bytes = where.vm.memory_bytes if where.vm else 0
        return await self.workloads.start(where.name, spec, memory_bytes, on_progress)

    async def stop_workload(self, on_progress: OnProgress, name: str = "") -> WorkloadStatus:
        """End the workload of a VM, by default the chosen one; see Workloads.stop."""
        return await self.workloads.stop(name or self.name, on_progress)

    # -- helpers --

    async def _running_vm(self, action: str, name: str) -> VmPlacement:
        where = await self.vm_state(name)
        if not where.active:
            raise Failure(f"{where.name} can't {action}", where.sentence)
        return where

    async def _require_running(self, name: str) -> None:
        where = await self.vm_state(name)
        if where.vm is not None and not where.vm.active and not where.unreachable:
            raise Failure(
                f"{where.name} stopped during its boot",
                "the guest or QEMU ended",
                f"See /var/log/libvirt/qemu/{where.name}.log on {where.host}.",
            )

    def guest(self, name: str, subfolder: str = WORKLOAD) -> Guest:
        """A program in the guest of a VM, by its subfolder; Failure if the guest's address is unknown."""
        return Guest(self._guest_shell(name), self._connections.shell(self.config.home), name, subfolder)

    def _guest_shell(self, name: str) -> Shell:
        address = self.address_of(name)
        if address == AGENT:
            return self._agents.setdefault(name, AgentShell(self._connections, name))
        return self._connections.guest_shell(name, address)


def _booted(name: str, passed_s: float, cloud: CloudInit) -> str:
    """The sentence for a booted guest; Failure if cloud-init reported errors."""
    if cloud.errors:
        hint = "See /var/log/cloud-init-output.log in the guest."
        raise Failure(f"{name} is up, but cloud-init failed in part", cloud.errors[0], hint)
    return f"{name} is up: its guest replied after {passed_s:.0f} s."
