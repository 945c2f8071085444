"""Starts, reads and stops the workload in a guest, and knows which one a run records."""

import asyncio
import contextlib
import time
from collections.abc import Callable

from tui.core.failure import Failure
from tui.core.limit import within
from tui.core.quantity import MIB
from tui.core.settings import UNKNOWN
from tui.guest.backend.guest import WORKLOAD, Guest, OnProgress, source_of
from tui.guest.backend.heartbeats import Heartbeats
from tui.guest.model.rate import NewestOutput, rate_before
from tui.guest.model.workload import MEMORY, Workload, WorkloadSpec, WorkloadStatus, kill_failed, validate_spec

FIRST_OUTPUT_LIMIT_S = 30.0
FINAL_CHECK_LIMIT_S = 60.0  # the memory workload checks every page once more before it ends
CUSTOM_END_LIMIT_S = 15.0
KILLS = 20  # one per poll: a large process takes seconds to free its memory
MINIMUM_RUN_S = 1.0  # a custom command has started well if it still runs after this time
POLL_EVERY_S = 0.5
STATUS_LIMIT_S = 5.0
NOT_FOUND = "Install it in the guest; its command is in the configuration."


class Workloads:
    """The workloads of all guests; `guest` returns the Guest of a VM's name and subfolder, or raises Failure.

    Every method raises Failure, `on_progress` gets the current step.
    """

    def __init__(self, guest: Callable[[str, str], Guest], heartbeats: Heartbeats) -> None:
        self._guest = guest
        self._heartbeats = heartbeats
        self._last_seen: dict[str, Workload] = {}  # by VM
        self._starting: dict[str, str] = {}  # by VM: the workload that is being compiled or started

    async def start(self, vm: str, spec: WorkloadSpec, memory_bytes: int, on_progress: OnProgress) -> WorkloadStatus:
        """Compile the program in the guest if necessary, start it, and wait for its first line of output.

        A custom command is not compiled and may print nothing, but must not end at once. `memory_bytes` is the VM's
        memory, 0 if it is unknown.
        """
        failure = validate_spec(spec, memory_bytes)
        if failure:
            raise failure
        guest = self._guest(vm, WORKLOAD)
        before = await guest.status()
        if before.running:
            raise Failure(f"The workload {before.name} is already running", "", "Stop it first.")
        self._starting[vm] = spec.name
        try:
            if not spec.command:
                await guest.install(spec.program, await source_of(spec.program), on_progress)
            # Before the workload, which would slow down the compiler. A workload does not depend on the heartbeat.
            with contextlib.suppress(Failure):
                await self._heartbeats.ensure_running(vm, on_progress)
            on_progress(f"starting {spec.text}")
            if spec.command:
                await guest.start_command(spec.name, spec.command)
            else:
                await guest.start(spec)
            status = await _first_output(guest)
        finally:
            del self._starting[vm]
        return self._seen(vm, status)

    async def stop(self, vm: str, on_progress: OnProgress) -> WorkloadStatus:
        """End the workload with TERM, later with KILL, and return its last status; Failure if it still runs."""
        guest = self._guest(vm, WORKLOAD)
        await guest.signal("TERM")
        began, kills = time.monotonic(), 0
        while (status := await guest.status()).running:
            limit_s = CUSTOM_END_LIMIT_S if status.is_custom else FINAL_CHECK_LIMIT_S
            if kills == KILLS:
                raise kill_failed(status, vm, KILLS)
            if time.monotonic() - began > limit_s:
                await guest.signal("KILL")
                kills += 1
                on_progress(f"{status.name} did not end within {limit_s:.0f} s and is killed")
            else:
                checking = ": it checks every page once more" if status.name == MEMORY else ""
                on_progress(f"stopping {status.name}{checking}")
            await asyncio.sleep(POLL_EVERY_S)
        return self._seen(vm, status)

    async def status(self, vm: str) -> WorkloadStatus:
        """The status of the workload in a VM's guest, started by this process or another."""
        return self._seen(vm, await self._guest(vm, WORKLOAD).status())

    async def newest_output(self, vm: str) -> NewestOutput:
        """The newest lines of the workload in a VM's guest; does not check whether it still runs."""
        return await self._guest(vm, WORKLOAD).newest_output()

    async def written_per_s(self, vm: str) -> float | None:
        """The bytes per second that the memory workload in a VM's guest writes; None if another one runs, or none."""
        output = await self.newest_output(vm)
        rate = rate_before(output, 0.0) if output.name == MEMORY else None
        return None if rate is None else rate * MIB

    def known(self, vm: str) -> Workload | None:
        """The workload that this process saw last in a VM's guest, None if it saw none.

        Failure while one is starting, because a run that begins now would record the wrong workload.
        """
        if vm in self._starting:
            what = f"The workload {self._starting[vm]} is still starting"
            raise Failure(what, "", "Wait until the Launch page shows it running.")
        return self._last_seen.get(vm)

    async def current(self, vm: str, known: Workload | None = None) -> Workload:
        """The workload for the name and the record of a run; Failure while one is starting.

        If the guest does not reply in time, it is the one that a client has `known`, or that this process saw last.
        """
        last_seen = self.known(vm)
        with contextlib.suppress(Failure, asyncio.TimeoutError):
            await within(STATUS_LIMIT_S, self.status(vm))
            return self._last_seen[vm]
        return known or last_seen or Workload(UNKNOWN)

    def _seen(self, vm: str, status: WorkloadStatus) -> WorkloadStatus:
        self._last_seen[vm] = Workload(status.current, status.parameters)
        return status


async def _first_output(guest: Guest) -> WorkloadStatus:
    began = time.monotonic()
    while (status := await guest.status()).running:
        passed = time.monotonic() - began
        waiting = status.starting or (status.is_custom and passed < MINIMUM_RUN_S)
        if not waiting or passed > FIRST_OUTPUT_LIMIT_S:
            break
        await asyncio.sleep(POLL_EVERY_S)
    if not status.running:
        reason = status.output[-1] if status.output else "it printed nothing"
        how = "" if status.exit_status is None else f" with status {status.exit_status}"
        what = f"The workload {status.name} ended at once{how}"
        raise Failure(what, reason, NOT_FOUND if status.exit_status == 127 else "", detail="\n".join(status.output))
    return status
