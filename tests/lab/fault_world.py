"""The two hosts of the fault tests, by their roles in the next migration: breaks them, and makes them whole again."""

import asyncio
import subprocess
import time
from pathlib import Path

from tests.lab import fault_vm
from tests.lab.fault_vm import VM
from tests.lab.lab_backend import LIMIT_S, LabBackend
from tests.lab.labs import until
from tui.core.plan import PRE_COPY, Plan
from tui.lab import network
from tui.lab.command import run
from tui.lab.lab import Lab
from tui.lab.machine import Machine
from tui.lab.place import SHARED_FOLDER
from tui.migration.model.timeline import COMPLETED

LIBVIRTD, QEMU, SSHD = "/run/libvirtd.pid", f"/run/libvirt/qemu/{VM}.pid", "/run/sshd.pid"
ORIGIN, TARGET = "origin", "target"
RATE, SLOW = "200mbit", "15mbit"  # a pass takes two seconds; post-copy takes twenty
SAFE_STATES = ("running (booted)", "running (migrated)", "running (migration canceled)", "running (unpaused)")

OTHER_VM = "other1"
PORTS_PID = "/run/ports.pid"
MOUNTS = (
    *("/run/qemu", "/etc/hosts", "/var/lib/libvirt/qemu", "/usr/bin/qemu-system-x86_64"),
    *(f"{SHARED_FOLDER}/{VM}.qcow2", f"{SHARED_FOLDER}"),
)
SETTLE_LIMIT_S = 40.0  # for libvirt to put a migration away


def is_active(state: str) -> bool:
    """Whether that is the state of a VM with a QEMU process."""
    return state != "" and not state.startswith("shut off")


class World:
    """A lab with the VM `fault_vm` on its host `origin`; `target` is the other one."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.origin, self.target = "source", "destination"
        self.xml = fault_vm.definition()
        self.runs = Path("/nonexistent")  # the folder of the fault's record
        self.cutter: subprocess.Popen[str] | None = None  # the program that cuts a link at a moment

    # -- look --

    def name(self, role: str) -> str:
        """The host's name."""
        return self.origin if role == ORIGIN else self.target

    def machine(self, role: str) -> Machine:
        return self.lab.machine(self.name(role))

    def sh(self, role: str, script: str, *, limit_s: float = 60) -> str:
        """The output of a shell script on a host."""
        return self.machine(role).run(["sh", "-c", script], limit_s=limit_s)

    def virsh(self, role: str, *words: str, limit_s: float = 60) -> str:
        return self.machine(role).run(["virsh", *words], limit_s=limit_s)

    def state(self, role: str) -> str:
        """The VM's state with its reason, such as "running (migrated)"; "" if the host does not have it."""
        script = f"virsh uri > /dev/null && {{ virsh domstate --reason {VM} 2> /dev/null || :; }}"
        return self.sh(role, script).strip()

    # -- break --

    def signal(self, role: str, signal: str, pid_file: str) -> None:
        self.sh(role, f'kill -{signal} "$(cat {pid_file})"')

    def link(self, role: str, state: str) -> None:
        """Set a host's link "down" or "up"."""
        self.sh(role, f"ip link set eth0 {state}")

    def rate(self, rate: str) -> None:
        """Limit the links of both hosts."""
        for role in (ORIGIN, TARGET):
            process = self.machine(role).process()
            assert process is not None
            network.limit(process, rate)

    # -- make whole --

    def restore(self) -> None:
        """Make both hosts whole, with the VM on one of them, which becomes the origin; works after any fault."""
        if self.cutter is not None:
            self.cutter.kill()
            self.cutter.communicate()
            self.cutter = None
        for role in (ORIGIN, TARGET):
            self.sh(role, self._undo(role))
        if self.runs.is_mount():
            run(["umount", "-l", str(self.runs)])
        self.rate(network.UNLIMITED)
        for role in (ORIGIN, TARGET):
            self.machine(role).start_daemons()
            self.sh(role, f"virsh undefine {OTHER_VM} || :")
        end = time.monotonic() + SETTLE_LIMIT_S
        while time.monotonic() < end:
            states = {role: self.state(role) for role in (ORIGIN, TARGET)}
            if any("post-copy" in state for state in states.values()):
                break
            running = [role for role, state in states.items() if state in SAFE_STATES]
            if len(running) == 1 and self._take_over(running[0], states):
                if fault_vm.is_alive(self.lab.place):
                    return
                break
            if not any(map(is_active, states.values())):
                break
        self.boot(self.xml)

    def _undo(self, role: str) -> str:
        """The script that undoes on a host what the faults may have done; the lab itself mounts SHARED_FOLDER once."""
        ssh = [str(self.machine(role).home / ".ssh" / name) for name in ("known_hosts", "authorized_keys")]
        pid = f'--pid "$(cat {LIBVIRTD})"'
        return "\n".join(
            (
                *(f'[ ! -e {file} ] || kill -CONT "$(cat {file})" || :' for file in (LIBVIRTD, QEMU, SSHD)),
                "ip link set eth0 up",
                *(_unmount(path, keep=int(path == str(SHARED_FOLDER))) for path in (*MOUNTS, *ssh)),
                f'[ ! -e {PORTS_PID} ] || kill -9 "$(cat {PORTS_PID})" || :; rm -f {PORTS_PID}',
                f'prlimit {pid} --as="$(prlimit {pid} --as --noheadings -o HARD)": || :',
            )
        )

    def remove(self) -> None:
        """End the VM and remove its definition."""
        for role in (ORIGIN, TARGET):
            if self.state(role):
                self.sh(role, f"virsh destroy {VM}; virsh undefine {VM}")

    def _take_over(self, role: str, states: dict[str, str]) -> bool:
        """Keep the VM that runs on this host, unless libvirt is still at work with it."""
        other = TARGET if role == ORIGIN else ORIGIN
        if is_active(states[other]) or "None" not in self.virsh(role, "domjobinfo", VM):
            return False
        if states[other]:
            self.virsh(other, "undefine", VM)
        self._take_origin(role)
        return True

    def _take_origin(self, role: str) -> None:
        if role == TARGET:
            self.origin, self.target = self.target, self.origin

    def boot(self, xml: str) -> None:
        """Start a VM of that definition from its disk.

        libvirtd is started anew because a broken migration may hold its locks.
        """
        for role in (ORIGIN, TARGET):
            for pid_file in (LIBVIRTD, QEMU):
                self.sh(role, f'[ ! -e {pid_file} ] || kill -9 "$(cat {pid_file})" || :')
        for role in (ORIGIN, TARGET):
            self.machine(role).start_daemons()
            until(lambda role=role: not is_active(self.state(role)))  # type: ignore[misc]
            if self.state(role):
                self.virsh(role, "undefine", VM)
        self.origin, self.target = "source", "destination"
        fault_vm.define(self.machine(ORIGIN), xml)
        fault_vm.start(self.machine(ORIGIN))

    async def migrate_again(self, runs: Path) -> None:
        """The next migration works, as after any fault that was undone."""
        owner = LabBackend(self.lab, runs).migrations
        migration = await owner.start(Plan(VM, PRE_COPY, downtime_ms=5000))
        await asyncio.wait_for(migration.ended(), LIMIT_S)
        timeline = migration.timeline
        assert (timeline.phase, timeline.verified and timeline.verified[0]) == (COMPLETED, True), dict(timeline.error)
        await asyncio.to_thread(fault_vm.wait_for_a_line, self.lab.place)
        self._take_origin(TARGET)


def _unmount(path: str, *, keep: int) -> str:
    return f'while [ "$(grep -c " {path} " /proc/self/mountinfo || :)" -gt {keep} ]; do umount -l {path}; done'
