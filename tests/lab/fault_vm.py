"""The VM of the fault tests: one program as init, which dirties memory; boots in seconds, without network."""

import re
import subprocess
import time
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.lab.labs import until
from tui.lab.cpio import Archive
from tui.lab.machine import Machine
from tui.lab.place import SHARED_FOLDER, Place

VM = "busy1"
WORKLOADS = Path(__file__).parents[2] / "workloads"
WORKING_SET_MIB, DIRTY_MIB_S = 40, 60
SOCKET = f"/run/{VM}.sock"  # its console's input, on the host where it runs
ALIVE_LIMIT_S = 15.0
POWER_OFF, PANIC = "o", "p"  # what the console accepts

INIT = r"""
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>
int main(void)
{
    char c;
    mkdir("/proc", 0755);
    mount("proc", "/proc", "proc", 0, "");
    if (fork() == 0)
        execl("/memory", "memory", "-t", "1", "-m", "%d", "-r", "%d", (char *)0);
    while (read(0, &c, 1) == 1) {
        if (c == 'o')
            reboot(RB_POWER_OFF);
        if (c == 'p')
            write(open("/proc/sysrq-trigger", O_WRONLY), "c", 1);
    }
    for (;;)
        pause();
}
"""


def definition(*, cpu: str = "") -> str:
    """Its domain XML; both hosts' QEMUs append to one log."""
    return f"""<domain type='qemu'>
  <name>{VM}</name>
  <uuid>b5b00b1e-0000-4000-8000-000000000001</uuid>
  <memory unit='MiB'>192</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>{SHARED_FOLDER}/vmlinuz</kernel>
    <initrd>{SHARED_FOLDER}/{VM}.initrd</initrd>
    <cmdline>console=ttyS0 quiet mitigations=off nowatchdog tsc=nowatchdog no_timer_check</cmdline>
  </os>
  <features><acpi/><apic/></features>
  {cpu}
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none'/>
      <source file='{SHARED_FOLDER}/{VM}.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <controller type='usb' model='none'/>
    <serial type='unix'>
      <source mode='bind' path='{SOCKET}'/>
      <log file='{SHARED_FOLDER}/{VM}.log' append='on'/>
    </serial>
    <memballoon model='none'/>
  </devices>
</domain>
"""


def install(place: Place) -> None:
    """Write its files into the shared folder."""
    files = ((f"{VM}.initrd", _initrd()), (f"{VM}.log", b""))
    for name, content in files:
        (place.images / name).write_bytes(content)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", place.images / f"{VM}.qcow2", "1M"], check=True)


@cache
def _initrd() -> bytes:
    archive = Archive()
    archive.add("init", _program(INIT % (WORKING_SET_MIB, DIRTY_MIB_S)), 0o755)
    archive.add("memory", _program((WORKLOADS / "memory_intensive.c").read_text()), 0o755)
    return archive.data()


def _program(source: str) -> bytes:
    with TemporaryDirectory() as folder:
        program = Path(folder) / "program"
        argv = ["cc", "-static", "-O2", "-pthread", "-x", "c", "-", "-o", str(program), "-lm"]
        subprocess.run(argv, input=source, text=True, check=True)
        return program.read_bytes()


def define(machine: Machine, xml: str) -> None:
    """Define a VM on a host."""
    machine.run(["sh", "-c", "cat > /run/x.xml && virsh define /run/x.xml"], stdin=xml)


def start(machine: Machine) -> None:
    """Boot it, and wait until it dirties memory."""
    (machine.place.images / f"{VM}.log").write_bytes(b"")
    machine.run(["virsh", "start", VM])
    until(lambda: "state=dirtying" in printed(machine.place))


def printed(place: Place) -> str:
    """All that it has printed since its start."""
    return (place.images / f"{VM}.log").read_text(errors="replace")


def wait_for_a_line(place: Place) -> None:
    """Wait until it prints another line, as it does each second while it runs, and check that no page is wrong."""
    before = len(printed(place))
    until(lambda: re.search(r"seconds=\S+ state=dirtying .*\n", printed(place)[before:]) is not None)
    assert set(re.findall(r"wrong_pages=(\d+)", printed(place))) == {"0"}


def is_alive(place: Place) -> bool:
    """Whether it prints another line within a few seconds: not if its kernel has panicked."""
    before, end = len(printed(place)), time.monotonic() + ALIVE_LIMIT_S
    while time.monotonic() < end:
        if "state=dirtying" in printed(place)[before:]:
            return True
        time.sleep(0.1)
    return False


def type_in(machine: Machine, key: str) -> None:
    """Send a key of the above to the console of the VM that runs on this host."""
    script = (
        "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(sys.argv[2].encode())"
    )
    machine.run(["python3", "-c", script, SOCKET, f"{key}\n"])
