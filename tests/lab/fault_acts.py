"""What is done to the hosts by the faults; World.restore undoes all of it."""

import shutil
import subprocess
from collections.abc import Callable

from tests.lab import fault_vm
from tests.lab.fault_vm import VM
from tests.lab.fault_world import ORIGIN, OTHER_VM, PORTS_PID, QEMU, TARGET, World
from tests.lab.lab_backend import LIMIT_S
from tui.lab.command import run
from tui.lab.place import SHARED_FOLDER

Act = Callable[[World], object]


def kill(role: str, pid_file: str) -> Act:
    return lambda world: world.signal(role, "9", pid_file)


def stop(role: str, pid_file: str) -> Act:
    return lambda world: world.signal(role, "STOP", pid_file)


def cont(role: str, pid_file: str) -> Act:
    return lambda world: world.signal(role, "CONT", pid_file)


def end_qemu(role: str) -> Act:
    """Kill QEMU if libvirt has not ended it."""
    return lambda world: world.sh(role, f'[ ! -e {QEMU} ] || kill -9 "$(cat {QEMU})" || :')


def restart(role: str) -> Act:
    """Start the daemons that do not run."""
    return lambda world: world.machine(role).start_daemons()


def link(role: str, state: str) -> Act:
    return lambda world: world.link(role, state)


def virsh(role: str, *words: str) -> Act:
    return lambda world: world.virsh(role, *words, VM)


def try_virsh(role: str, *words: str) -> Act:
    """What libvirt may refuse after it has waited for its lock for 30 s."""
    return lambda world: world.sh(role, f"virsh {' '.join(words)} {VM} || :", limit_s=120)


def types(role: str, key: str) -> Act:
    """Press a key in the guest."""
    return lambda world: fault_vm.type_in(world.machine(role), key)


def cut_streams(world: World) -> None:
    """Kill QEMU's connections to the target."""
    world.sh(ORIGIN, f"ss -K dst {world.machine(TARGET).host.address} dport ge :49152")


def cut_ssh(world: World) -> None:
    """Kill libvirt's ssh connections to the target."""
    world.sh(ORIGIN, f"ss -K dst {world.machine(TARGET).host.address} dport = :22")


def cut_link_after(role: str, delay_s: float) -> Callable[[World], Act]:
    """A link cut `delay_s` after the call of the result, whose program runs already: starting one takes too long."""

    def arm(world: World) -> Act:
        script = f"read -r _ && sleep {delay_s} && ip link set eth0 down && echo cut"
        argv = world.machine(role).argv(["sh", "-c", script])
        cutter = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        world.cutter = cutter

        def fire(_world: World) -> None:
            assert cutter.stdin is not None
            cutter.stdin.write("now\n")
            cutter.stdin.flush()

        return fire

    return arm


def link_is_cut(world: World) -> None:
    """Wait until the link is cut."""
    assert world.cutter is not None
    printed, _ = world.cutter.communicate(timeout=LIMIT_S)
    assert printed == "cut\n"


# -- what the target lacks --


def over(role: str, path: str, options: str) -> Act:
    """Mount something over a path of a host."""
    return lambda world: world.sh(role, f"mount {options} {path}")


def hide_name(world: World) -> None:
    """Make the target's name unknown to the origin."""
    world.sh(ORIGIN, f"grep -v {world.target} /etc/hosts > /run/hosts; mount --bind /run/hosts /etc/hosts")


def change_host_key(world: World) -> None:
    """Replace the target's host key in the origin's known_hosts by another one."""
    path = world.machine(ORIGIN).home / ".ssh/known_hosts"
    other = world.lab.place.host_key("storage").with_suffix(".pub").read_text()
    script = f"echo '{world.target} {other.strip()}' > /run/known_hosts; mount --bind /run/known_hosts {path}"
    world.sh(ORIGIN, script)


def hide_keys(world: World) -> None:
    """Let the target accept no key."""
    path = world.machine(TARGET).home / ".ssh/authorized_keys"
    world.sh(TARGET, f"mount --bind /dev/null {path}")


def fill_state_disk(world: World) -> None:
    """Leave no room for libvirt's own files."""
    path = "/var/lib/libvirt/qemu"
    world.sh(TARGET, f"mount -t tmpfs -o size=4k tmpfs {path}; head -c 4096 /dev/zero > {path}/full")


def limit_memory(world: World) -> None:
    """Let no process of libvirtd have more memory than libvirtd itself."""
    world.sh(TARGET, 'prlimit --pid "$(cat /run/libvirtd.pid)" --as=1400000000:')  # the soft limit: it can be raised


def weaken_cpu(world: World) -> None:
    """Let the VM start with a CPU of which the target's QEMU then lacks a feature."""
    world.boot(fault_vm.definition(cpu="<cpu mode='custom' match='exact' check='partial'><model>Nehalem</model></cpu>"))
    lines = (
        "#!/bin/bash",
        'for word; do [ "$last" = -cpu ] && word=$word,sse4.2=off; words+=("$word"); last=$word; done',
        'exec -a "$0" /run/qemu "${words[@]}"',
    )
    qemu = "/usr/bin/qemu-system-x86_64"
    world.machine(TARGET).run(["sh", "-c", "cat > /run/weak-qemu; chmod 755 /run/weak-qemu"], stdin="\n".join(lines))
    world.sh(TARGET, f"touch /run/qemu; mount --bind {qemu} /run/qemu; mount --bind /run/weak-qemu {qemu}")


def take_ports(world: World) -> None:
    """Listen on all ports for migrations."""
    lines = (
        "import os, socket, time",
        "found = [socket.create_server((a, n), family=f) for n in range(49152, 49216)"
        " for a, f in (('0.0.0.0', socket.AF_INET), ('::', socket.AF_INET6))]",
        f"open('{PORTS_PID}', 'w').write(str(os.getpid()))",
        "time.sleep(600)",
    )
    program = "\n".join(lines)
    world.sh(
        TARGET,
        f'setsid python3 -c "{program}" > /dev/null 2>&1 < /dev/null & until [ -s {PORTS_PID} ]; do sleep 0.1; done',
    )


def define_other(*, same_name: bool) -> Act:
    """Define another VM there, with the name or with the UUID of the VM."""

    def act(world: World) -> None:
        xml = world.xml
        if same_name:
            xml = xml.replace("b5b00b1e-0000-4000-8000-000000000001", "b5b00b1e-0000-4000-8000-000000000002")
        else:
            xml = xml.replace(f"<name>{VM}<", f"<name>{OTHER_VM}<")
        fault_vm.define(world.machine(TARGET), xml)

    return act


# -- the folder of the runs --


def mount_runs(options: str) -> Act:
    """A small or read-only file system for the runs."""

    def act(world: World) -> None:
        world.runs.mkdir(parents=True)
        run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(world.runs)])

    return act


def enlarge_runs(world: World) -> None:
    run(["mount", "-o", "remount,size=8m", str(world.runs)])


def delete_runs(world: World) -> None:
    shutil.rmtree(world.runs)


HIDE_FOLDER = over(TARGET, str(SHARED_FOLDER), "-t tmpfs tmpfs")
BREAK_IMAGE = over(TARGET, f"{SHARED_FOLDER}/{VM}.qcow2", "--bind /dev/null")
HIDE_EMULATOR = over(TARGET, "/usr/bin/qemu-system-x86_64", "--bind /dev/null")
