"""The Launch room: the chosen VM booted and stopped where it is, and a workload inside it."""

import asyncio
import contextlib
import shlex
import time
from collections.abc import Callable

from tui.core import actions
from tui.core.connections import Connections
from tui.core.failure import Failure, UntrustedHost
from tui.core.protocols import FirstLogin, Shell
from tui.core.settings import AGENT_REACH, SOURCE, UNKNOWN
from tui.core.ssh_target import parse_target
from tui.core.threads import on_thread
from tui.guest.backend.addresses import GuestAddresses
from tui.guest.backend.agent_shell import AgentShell
from tui.guest.backend.guest import WORKLOAD, Guest
from tui.guest.backend.heartbeats import Heartbeats
from tui.guest.model.agent import AGENT
from tui.guest.model.cloud_init import CloudInit
from tui.guest.model.workload import CPU, MEMORY, MIB, Workload, WorkloadSpec, WorkloadStatus, refuse, unstoppable
from tui.launch.backend.new_vms import NewVms
from tui.linux.sudo import Sudo
from tui.vm.backend.location import placement
from tui.vm.backend.vms import Deletion, Vms
from tui.vm.model.location import VmPlacement
from workloads import folder as sources

OnProgress = Callable[[str], None]

BOOT_LIMIT_S = 900.0  # a cloud image's first boot installs the very agent that is waited for; emulated, in minutes
LONG_BOOT_S = 60.0  # after it a person is told where more is to be seen
FIRST_TRY_S = 2.0
SHUTDOWN_LIMIT_S = 90.0
FIRST_WORD_LIMIT_S = 30.0
FINAL_CHECK_LIMIT_S = 60.0  # the memory workload looks at every page once more before it ends
OWN_END_LIMIT_S = 15.0
KILLS = 20  # one at each look: a large process takes seconds to free its memory
SURVIVES_S = 1.0  # a command that says nothing has begun well when it still runs after this
LOOK_EVERY_S = 0.5
NAME_LIMIT_S = 5.0
AT_WORK = "cloud-init is at work in the guest"
HOST_KEYS = "cat /etc/ssh/ssh_host_*_key.pub"
NOT_FOUND = "It must be installed in the guest; its command is in the configuration."


class Launch:
    """Everything raises Failure; `say` is told what is being done at the moment, for one line of a page."""

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
        self.new_vms = NewVms(connections, self.vms, self._addresses)
        self.config = connections.config
        self.heartbeats = Heartbeats(self.guest, self.config.vm.heartbeat_port)
        self.name = self.config.vm.name  # the VM that everything here is about, until another one is chosen
        self._agents: dict[str, AgentShell] = {}  # by VM
        self._last_seen: dict[str, Workload] = {}  # in each VM
        self._starting: dict[str, str] = {}  # by VM: the workload that is being compiled or started in it

    @property
    def address(self) -> str:
        """How the source reaches the guest of the chosen VM: an ssh address or AGENT, "" where that is not known."""
        return self.address_of(self.name)

    def address_of(self, name: str) -> str:
        """The same of any VM; what a person or a seed said of the configured one counts more than the configuration.

        It was said later, and of the VM that is there: a new one need not be where the configuration has it.
        """
        vm = self.config.vm
        by_agent = AGENT if vm.reach == AGENT_REACH else ""
        if name == vm.name:
            return by_agent or self.kept_address(name) or vm.ssh or ""
        return self.kept_address(name) or by_agent

    def kept_address(self, name: str) -> str:
        """What a person or a seed said of a VM, "" where nobody did."""
        return self._addresses.of(name)

    def keep_address(self, address: str) -> None:
        """Reach the guest of the chosen VM there from now on."""
        self._addresses.keep(self.name, address)

    def user_of(self, name: str) -> str:
        """Who may log in to the guest of a VM, "" where that is not known."""
        user = self._addresses.user_of(name)
        ssh = self.config.vm.ssh
        return user or (parse_target(ssh).user if ssh else "")

    async def found_addresses(self, name: str) -> tuple[str, ...]:
        """Where the guest of a running VM is on the network, as far as libvirt or the guest's agent knows."""
        where = await self.vm_state(name)
        if not where.active:
            return ()
        return await self._connections.query(where.host, lambda hypervisor: hypervisor.addresses(name))

    async def introduce(self, name: str, address: str) -> None:
        """Take the host key that a guest shows at an ssh address up as known, where the guest's own agent has it, too.

        Nobody between can have changed it then: the agent is asked through libvirt, not over the guest's network.
        """
        if self._first_login is None:
            return
        way_in = self._first_login(address)
        shown = await way_in.host_key()
        own = await AgentShell(self._connections, name).run(["sh", "-c", HOST_KEYS])
        if shown.line in (" ".join(line.split()[:2]) for line in own.stdout.splitlines()):
            await way_in.trust(shown.fingerprint)

    def choose(self, name: str) -> None:
        """From now on all is about this VM; what is under way goes on with the one it began with."""
        self.name = name

    @property
    def workload_names(self) -> tuple[str, ...]:
        """All that can be started."""
        return (MEMORY, CPU, *self.config.workload.own)

    def default_spec(self, name: str) -> WorkloadSpec:
        """The workload as the configuration has it."""
        if name in self.config.workload.own:
            return WorkloadSpec(name, command=self.config.workload.own[name].command)
        if name == CPU:
            return WorkloadSpec(CPU, self.config.workload.cpu.threads)
        memory = self.config.workload.memory
        return WorkloadSpec(MEMORY, memory.threads, memory.size_bytes // MIB, memory.rate_mib_s)

    # -- the VM --

    async def vm_state(self, name: str = "") -> VmPlacement:
        """Where a VM is, the chosen one unless named; a host that can't be asked is an answer, too."""
        return await placement(self._connections, name or self.name)

    async def boot(self, on_progress: OnProgress) -> str:
        """Start the VM on the host that has it; returns, when its guest answers, the sentence that says so."""
        where = await self.vm_state()
        if where.why_not_boot():
            raise Failure(where.why_not_boot())
        on_progress(f"starting {where.name} on {where.host}")
        await self._connections.command(where.host, lambda hypervisor: hypervisor.start(where.name))
        if not self.address_of(where.name):
            return f"{where.name} was started; whether its guest is up can't be seen without its address."
        return await self.wait_for_guest(where.name, on_progress)

    async def wait_for_guest(self, name: str, on_progress: OnProgress) -> str:
        """Returns when the guest of a VM answers over ssh, or its agent does."""
        began = time.monotonic()
        await self._guest_shell(name).close()  # it leads to the guest before the restart
        reason, patience = "no answer yet", FIRST_TRY_S
        while time.monotonic() - began < BOOT_LIMIT_S:
            long = time.monotonic() - began >= LONG_BOOT_S
            on_progress(f"booting: {reason}{'; ' + actions.CONSOLE + ' opens its console' if long else ''}")
            guest = self.guest(name)  # a person may say meanwhile that it is reached another way
            try:
                await asyncio.wait_for(guest.answers(), patience)
                cloud = await guest.cloud_init()
            except UntrustedHost:
                raise
            except asyncio.TimeoutError:
                # Before its network is up a packet is just lost, and a login begun then would wait long for nothing;
                # but a slow guest may need that long.
                reason, patience = "no answer yet", patience * 1.5
                await self._guest_shell(name).close()
            except Failure as failure:
                reason = failure.why or failure.what
            else:
                if not cloud.running:
                    return _up(name, time.monotonic() - began, cloud)
                reason = AT_WORK
            await self._still_running(name)
            await asyncio.sleep(LOOK_EVERY_S)
        address = self.address_of(name)
        how, ask = ("through its agent", "") if address == AGENT else ("over ssh", f"Is {address} its address? ")
        if reason == AT_WORK:
            raise Failure(
                f"{name} is not set up after {BOOT_LIMIT_S:.0f} s",
                reason,
                f"Its console shows more: {actions.CONSOLE} opens it.",
            )
        what = f"{name} did not answer {how} within {BOOT_LIMIT_S:.0f} s"
        raise Failure(what, reason, f"{ask}Its console shows more: {actions.CONSOLE} opens it.")

    async def shut_down(self, on_progress: OnProgress) -> None:
        """Ask the guest to shut down, and return when it has."""
        where = await self._running_vm("shut down")
        await self._connections.command(where.host, lambda hypervisor: hypervisor.shut_down(where.name))
        began = time.monotonic()
        while time.monotonic() - began < SHUTDOWN_LIMIT_S:
            on_progress("shutting down")
            await asyncio.sleep(LOOK_EVERY_S)
            now = await self.vm_state(where.name)
            if not now.active and where.host not in now.unreachable:
                return
        raise Failure(
            f"{where.name} was asked to shut down and still runs after {SHUTDOWN_LIMIT_S:.0f} s",
            "the guest does not react, or is busy",
            "Wait, or force it off.",
        )

    async def force_off(self, on_progress: OnProgress) -> None:
        """Take the VM's power away."""
        where = await self._running_vm("forced off")
        job = await self._connections.query(where.host, lambda hypervisor: hypervisor.job(where.name))
        if job.stats:  # in post-copy both halves of its memory would be lost
            raise Failure(
                f"{where.name} is not forced off",
                "it is being migrated",
                f"Cancel the migration first; in an emergency `virsh destroy {shlex.quote(where.name)}` does it.",
            )
        on_progress(f"forcing {where.name} off")
        await self._connections.command(where.host, lambda hypervisor: hypervisor.force_off(where.name))

    async def delete(self, deletion: Deletion, *, disks: bool) -> str:
        """Delete a VM, its disks only where `disks` says so; how its guest was reached is no other VM's way."""
        sentence = await self.vms.delete(deletion, disks=disks)
        try:
            self._addresses.keep(deletion.name, "")
        except Failure as failure:  # the VM is gone all the same
            sentence += f" {failure}"
        return sentence

    # -- the workload --

    async def start_workload(self, spec: WorkloadSpec, on_progress: OnProgress) -> WorkloadStatus:
        """Compile the program in the guest where needed, start it, and return when it has said its first word.

        One of the user's own is not compiled, and need not say anything: it must not end at once.
        """
        where = await self._running_vm("loaded")
        refusal = refuse(spec, where.vm.memory_bytes if where.vm else 0)
        if refusal:
            raise refusal
        guest = self.guest(where.name)
        running = await guest.status()
        if running.running:
            raise Failure(f"The workload {running.name} runs already", "", "Stop it first.")
        self._starting[where.name] = spec.name
        try:
            if not spec.command:
                source = await on_thread((sources() / f"{spec.program}.c").read_bytes)
                await guest.install(spec.program, source, on_progress)
            # Before the load: its compiler would be slow beside it. And no workload has to wait for a heartbeat.
            with contextlib.suppress(Failure):
                await self.heartbeats.ready(where.name, on_progress)
            on_progress(f"starting {spec.text}")
            if spec.command:
                await guest.start_command(spec.name, spec.command)
            else:
                await guest.start(spec)
            status = await self._first_word(guest)
        finally:
            del self._starting[where.name]
        self._last_seen[where.name] = Workload(status.current, status.parameters)
        return status

    async def stop_workload(self, on_progress: OnProgress) -> WorkloadStatus:
        """End the workload, and return its last status; one that ignores TERM is killed, a Failure if in vain."""
        name = self.name
        guest = self.guest(name)
        await guest.signal("TERM")
        began, kills = time.monotonic(), 0
        while (status := await guest.status()).running:
            limit_s = OWN_END_LIMIT_S if status.own else FINAL_CHECK_LIMIT_S
            if kills == KILLS:
                raise unstoppable(status, name, KILLS)
            if time.monotonic() - began > limit_s:
                await guest.signal("KILL")
                kills += 1
                on_progress(f"{status.name} did not end within {limit_s:.0f} s and is killed")
            else:
                checking = ": it looks at every page once more" if status.name == MEMORY else ""
                on_progress(f"stopping {status.name}{checking}")
            await asyncio.sleep(LOOK_EVERY_S)
        self._last_seen[name] = Workload(status.current, status.parameters)
        return status

    async def workload_status(self, name: str) -> WorkloadStatus:
        """What runs in a VM's guest, whoever started it."""
        status = await self.guest(name).status()
        self._last_seen[name] = Workload(status.current, status.parameters)
        return status

    async def current_workload(self, name: str) -> Workload:
        """What a run of a VM is named by, and records; the last known where the guest does not answer at once.

        Failure while one is being started in it: a run that begins now would be recorded as something it is not.
        """
        if name in self._starting:
            what = f"The workload {self._starting[name]} is still being started"
            raise Failure(what, "", "Wait until the Launch page shows it running.")
        with contextlib.suppress(Failure, asyncio.TimeoutError):
            await asyncio.wait_for(self.workload_status(name), NAME_LIMIT_S)
        return self._last_seen.get(name, Workload(UNKNOWN))

    # -- the rest --

    async def _running_vm(self, to_be: str) -> VmPlacement:
        where = await self.vm_state()
        if not where.active:
            raise Failure(f"{where.name} can't be {to_be}", where.sentence)
        return where

    async def _still_running(self, name: str) -> None:
        where = await self.vm_state(name)
        if where.vm is not None and not where.vm.active and not where.unreachable:
            raise Failure(
                f"{where.name} stopped while it was booting",
                "the guest ended by itself",
                f"Its log is /var/log/libvirt/qemu/{where.name}.log on {where.host}.",
            )

    def guest(self, name: str, place: str = WORKLOAD) -> Guest:
        """The place of a program, the workload unless named, in the guest of a VM; Failure without its address."""
        return Guest(self._guest_shell(name), self._connections.shell(SOURCE), name, place)

    def _guest_shell(self, name: str) -> Shell:
        address = self.address_of(name)
        if address == AGENT:
            return self._agents.setdefault(name, AgentShell(self._connections, name))
        return self._connections.guest_shell(name, address)

    async def _first_word(self, guest: Guest) -> WorkloadStatus:
        began = time.monotonic()
        while (status := await guest.status()).running:
            passed = time.monotonic() - began
            young = status.starting or (status.own and passed < SURVIVES_S)
            if not young or passed > FIRST_WORD_LIMIT_S:
                break
            await asyncio.sleep(LOOK_EVERY_S)
        if not status.running:
            reason = status.output[-1] if status.output else "it said nothing"
            how = "" if status.exit_status is None else f", with status {status.exit_status}"
            what = f"The workload {status.name} ended at once{how}"
            raise Failure(what, reason, NOT_FOUND if status.exit_status == 127 else "", detail="\n".join(status.output))
        return status


def _up(name: str, passed_s: float, cloud: CloudInit) -> str:
    """The sentence; a Failure where the guest is up and lacks what cloud-init should have given it."""
    if cloud.errors:
        hint = "/var/log/cloud-init-output.log in the guest has all of it."
        raise Failure(f"{name} is up, but cloud-init did not do all that it was told", cloud.errors[0], hint)
    return f"{name} is up: its guest answered after {passed_s:.0f} s."
