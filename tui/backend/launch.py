"""The Launch room: the configured VM booted and stopped where it is, and a workload inside it."""

import asyncio
import contextlib
import shlex
import time
from collections.abc import Callable

from tui.adapters.protocols import UntrustedHost
from tui.backend.connections import HYPERVISORS, Connections
from tui.backend.guest import Guest
from tui.backend.threads import on_thread
from tui.config import SOURCE
from tui.model.failure import Failure
from tui.model.vm import Vm
from tui.model.whereabouts import Whereabouts
from tui.model.workload import CPU, MEMORY, MIB, UNKNOWN, WorkloadSpec, WorkloadStatus, refuse
from workloads import folder as sources

Say = Callable[[str], None]

BOOT_LIMIT_S = 300.0  # a full distribution under emulation takes its time
FIRST_TRY_S = 2.0
SHUTDOWN_LIMIT_S = 90.0
FIRST_WORD_LIMIT_S = 30.0
FINAL_CHECK_LIMIT_S = 60.0  # the memory workload looks at every page once more before it ends
LOOK_EVERY_S = 0.5
NAME_LIMIT_S = 5.0


class Launch:
    """Everything raises Failure; `say` is told what is being done at the moment, for one line of a page."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self.config = connections.config
        self._last_seen = UNKNOWN
        self._starting = ""  # the workload that is being compiled or started

    def default_spec(self, name: str) -> WorkloadSpec:
        """The workload as the configuration has it."""
        if name == CPU:
            return WorkloadSpec(CPU, self.config.workload.cpu.threads)
        memory = self.config.workload.memory
        return WorkloadSpec(MEMORY, memory.threads, memory.size_bytes // MIB, memory.rate_mib_s)

    # -- the VM --

    async def vm_state(self) -> Whereabouts:
        """Where the VM is; both hosts are asked side by side, and one that can't be is an answer, too."""
        found = await asyncio.gather(*map(self.vm_on, HYPERVISORS))
        return Whereabouts(self.config.vm.name, dict(zip(HYPERVISORS, found, strict=True)))

    async def vm_on(self, host: str) -> Vm | Failure | None:
        """What one host says of the VM: None where it knows none of that name, the Failure where it can't be asked."""
        name = self.config.vm.name
        try:
            return await self._connections.ask(host, lambda hypervisor: hypervisor.vm(name))
        except Failure as failure:
            return failure

    async def boot(self, say: Say) -> str:
        """Start the VM on the host that has it; returns, when its guest answers over ssh, the sentence that says so."""
        where = await self.vm_state()
        if where.why_not_boot():
            raise Failure(where.why_not_boot())
        say(f"starting {where.name} on {where.host}")
        await self._connections.tell(where.host, lambda hypervisor: hypervisor.start(where.name))
        if not self.config.vm.ssh:
            return f"{where.name} was started; whether its guest is up can't be seen without [vm] ssh."
        return await self.wait_for_guest(say)

    async def wait_for_guest(self, say: Say) -> str:
        """Returns when the guest answers over ssh."""
        began = time.monotonic()
        guest = await self._fresh_guest()
        reason, patience = "no answer yet", FIRST_TRY_S
        while time.monotonic() - began < BOOT_LIMIT_S:
            say(f"booting: {reason}")
            try:
                await asyncio.wait_for(guest.answers(), patience)
            except UntrustedHost:
                raise
            except asyncio.TimeoutError:
                # Before its network is up a packet is just lost, and a login begun then would wait long for nothing;
                # but a slow guest may need that long.
                reason, patience = "no answer yet", patience * 1.5
                guest = await self._fresh_guest()
            except Failure as failure:
                reason = failure.why or failure.what
            else:
                return f"{self.config.vm.name} is up: its guest answered after {time.monotonic() - began:.0f} s."
            await self._still_running()
            await asyncio.sleep(LOOK_EVERY_S)
        raise Failure(
            f"{self.config.vm.name} did not answer over ssh within {BOOT_LIMIT_S:.0f} s",
            reason,
            f"Is {self.config.vm.ssh} its address? Its console shows more: virsh console {self.config.vm.name}",
        )

    async def shut_down(self, say: Say) -> None:
        """Ask the guest to shut down, and return when it has."""
        where = await self._running_vm("shut down")
        await self._connections.tell(where.host, lambda hypervisor: hypervisor.shut_down(where.name))
        began = time.monotonic()
        while time.monotonic() - began < SHUTDOWN_LIMIT_S:
            say("shutting down")
            await asyncio.sleep(LOOK_EVERY_S)
            now = await self.vm_state()
            if not now.active and where.host not in now.unreachable:
                return
        raise Failure(
            f"{where.name} was asked to shut down and still runs after {SHUTDOWN_LIMIT_S:.0f} s",
            "the guest does not react, or is busy",
            "Wait, or force it off.",
        )

    async def force_off(self, say: Say) -> None:
        """Take the VM's power away."""
        where = await self._running_vm("forced off")
        job = await self._connections.ask(where.host, lambda hypervisor: hypervisor.job(where.name))
        if job.stats:  # in post-copy both halves of its memory would be lost
            raise Failure(
                f"{where.name} is not forced off",
                "it is being migrated",
                f"Cancel the migration first; in an emergency `virsh destroy {shlex.quote(where.name)}` does it.",
            )
        say(f"forcing {where.name} off")
        await self._connections.tell(where.host, lambda hypervisor: hypervisor.force_off(where.name))

    # -- the workload --

    async def start_workload(self, spec: WorkloadSpec, say: Say) -> WorkloadStatus:
        """Compile the program in the guest where needed, start it, and return when it has said its first word."""
        where = await self._running_vm("loaded")
        refusal = refuse(spec, where.vm.memory_bytes if where.vm else 0)
        if refusal:
            raise refusal
        guest = self._guest()
        running = await guest.status()
        if running.running:
            raise Failure(f"The workload {running.name} runs already", "", "Stop it first.")
        source = await on_thread((sources() / f"{spec.program}.c").read_bytes)
        self._starting = spec.name
        try:
            await guest.install(spec.program, source, say)
            say(f"starting {spec.text}")
            await guest.start(spec)
            status = await self._first_word(guest)
        finally:
            self._starting = ""
        self._last_seen = status.current
        return status

    async def stop_workload(self, say: Say) -> WorkloadStatus:
        """End the workload, and return its last status; one that does not end is killed."""
        guest = self._guest()
        await guest.signal("TERM")
        began = time.monotonic()
        while (status := await guest.status()).running:
            passed = time.monotonic() - began
            if passed > FINAL_CHECK_LIMIT_S:
                await guest.signal("KILL")
                say(f"{status.name} did not end within {FINAL_CHECK_LIMIT_S:.0f} s and was killed")
            else:
                checking = ": it looks at every page once more" if status.name == MEMORY else ""
                say(f"stopping {status.name}{checking}")
            await asyncio.sleep(LOOK_EVERY_S)
        self._last_seen = status.current
        return status

    async def workload_status(self) -> WorkloadStatus:
        """What runs in the guest, found again whoever started it."""
        status = await self._guest().status()
        self._last_seen = status.current
        return status

    async def current_workload_name(self) -> str:
        """idle, cpu or memory, to name a run by; the last that was known where the guest does not answer at once.

        Failure while one is being started: a run that begins now would be recorded as something it is not.
        """
        if self._starting:
            what = f"The workload {self._starting} is still being started"
            raise Failure(what, "", "Wait until the Launch page shows it running.")
        with contextlib.suppress(Failure, asyncio.TimeoutError):
            await asyncio.wait_for(self.workload_status(), NAME_LIMIT_S)
        return self._last_seen

    # -- the rest --

    async def _running_vm(self, to_be: str) -> Whereabouts:
        where = await self.vm_state()
        if not where.active:
            raise Failure(f"{where.name} can't be {to_be}", where.sentence)
        return where

    async def _still_running(self) -> None:
        where = await self.vm_state()
        if where.vm is not None and not where.vm.active and not where.unreachable:
            raise Failure(
                f"{where.name} stopped while it was booting",
                "the guest ended by itself",
                f"Its log is /var/log/libvirt/qemu/{where.name}.log on {where.host}.",
            )

    def _guest(self) -> Guest:
        return Guest(self._connections.guest_shell(), self._connections.shell(SOURCE), self.config.vm.name)

    async def _fresh_guest(self) -> Guest:
        """The guest without the connection to the one before the restart."""
        await self._connections.guest_shell().close()
        return self._guest()

    async def _first_word(self, guest: Guest) -> WorkloadStatus:
        began = time.monotonic()
        while (status := await guest.status()).starting:
            if time.monotonic() - began > FIRST_WORD_LIMIT_S:
                break
            await asyncio.sleep(LOOK_EVERY_S)
        if not status.running:
            reason = status.output[-1] if status.output else f"it said nothing, its status was {status.exit_status}"
            raise Failure("The workload ended at once", reason, detail="\n".join(status.output))
        return status
