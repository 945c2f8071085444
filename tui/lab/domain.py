"""The guests' domains in libvirt: their definitions, and the hosts that define them."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from tui.core.failure import Failure
from tui.lab import disk
from tui.lab.inventory import BOX, GUEST, NETWORK_BITS, STORAGE, Guest
from tui.lab.machine import Machine
from tui.lab.place import SHARED_FOLDER

# Under emulation, above all after a migration, a late timer interrupt does not mean a stall or a broken clock.
KERNEL_OPTIONS = (
    "console=ttyS0 quiet mitigations=off nowatchdog "
    "tsc=nowatchdog no_timer_check ipv6.disable=1 rcupdate.rcu_cpu_stall_suppress=1"
)

AGENT_CHANNEL = "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"


def definition(disk_xml: str, guest: Guest = GUEST, *, accelerated: bool, machine_type: str = "pc") -> str:
    """A guest's domain XML; it boots its kernel directly, on a bridge to the lab's network."""
    cpu = "<cpu mode='host-passthrough' migratable='on'/>" if accelerated else ""
    return f"""<domain type='{"kvm" if accelerated else "qemu"}'>
  <name>{guest.name}</name>
  <memory unit='MiB'>{guest.memory_mib}</memory>
  <vcpu>{guest.vcpus}</vcpu>
  <os>
    <type arch='x86_64' machine='{machine_type}'>hvm</type>
    <kernel>{SHARED_FOLDER}/vmlinuz</kernel>
    <initrd>{SHARED_FOLDER}/initrd</initrd>
    <cmdline>{KERNEL_OPTIONS} vmlm.name={guest.name} vmlm.address={guest.address}/{NETWORK_BITS}</cmdline>
  </os>
  <features><acpi/><apic/></features>
  {cpu}
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    {disk_xml}
    <controller type='usb' model='none'/>
    <interface type='bridge'>
      <mac address='{guest.mac}'/>
      <source bridge='br0'/>
      <model type='virtio'/>
      <rom enabled='no'/>
    </interface>
    <serial type='pty'/>
    <console type='pty'><target type='serial'/></console>
    {AGENT_CHANNEL}
    <memballoon model='virtio'><stats period='5'/></memballoon>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>
"""


def define_where_missing(
    hypervisors: Sequence[Machine], guests: Sequence[Guest], *, accelerated: Callable[[], bool]
) -> list[Guest]:
    """Defines each guest on the first host unless a host has it; returns the guests that it defined."""
    known = {name for machine in hypervisors for name in machine.run(["virsh", "list", "--all", "--name"]).split()}
    missing = [guest for guest in guests if guest.name not in known]
    if not missing:
        return []
    first = hypervisors[0]
    served, usable, machine_type = first.place.nbd.exists(), accelerated(), _machine_type(hypervisors)
    server = BOX.address if first.place.nfs.exists() else STORAGE.name
    direct_io = not served and takes_direct_io(first.place.images)
    for guest in missing:
        disk_xml = disk.over_nbd(guest, server) if served else disk.in_folder(guest, direct_io=direct_io)
        file = first.folder / "guest.xml"
        file.write_text(definition(disk_xml, guest, accelerated=usable, machine_type=machine_type))
        first.run(["virsh", "define", str(file)])
    return missing


def start_where_shut_off(hypervisors: Sequence[Machine], guests: Sequence[Guest]) -> list[Guest]:
    """Starts the guests that a host has and none runs; returns them."""
    started = []
    for machine in hypervisors:
        off = machine.run(["virsh", "list", "--inactive", "--name"]).split()
        here = [guest for guest in guests if guest.name in off]
        for guest in here:
            machine.run(["virsh", "start", guest.name])
        started += here
    return started


def _machine_type(hypervisors: Sequence[Machine]) -> str:
    """The guest's machine type: QEMU's default or, with two userlands, the newest that both versions have."""
    if len({machine.suite for machine in hypervisors}) == 1:
        return "pc"
    return newest_common([machine.run(["qemu-system-x86_64", "-machine", "help"]) for machine in hypervisors])


def newest_common(printed: Sequence[str]) -> str:
    """The newest version of the machine type pc in all outputs of `qemu-system-x86_64 -machine help`."""
    found = [re.findall(r"^pc-i440fx-(\d+)\.(\d+)\s", text, re.MULTILINE) for text in printed]
    common = set(found[0]).intersection(*found[1:])
    if not common:
        raise Failure("the QEMU versions of source and destination have no machine type in common")
    major, minor = max(common, key=lambda version: (int(version[0]), int(version[1])))
    return f"pc-i440fx-{major}.{minor}"


def with_agent_channel(xml: str) -> str:
    """The definition with the channel of the guest agent added, unless it has one."""
    if "org.qemu.guest_agent.0" in xml:
        return xml
    devices, end, rest = xml.rpartition("</devices>")
    return f"{devices}{AGENT_CHANNEL}{end}{rest}"


def add_agent_channel(hypervisors: Sequence[Machine]) -> bool:
    """Adds the channel to a guest that an older lab defined; it takes effect at the guest's next start."""
    added = False
    for machine in hypervisors:
        # Read from libvirt's file: `virsh dumpxml` waits up to 30 s where a job of the VM holds its lock.
        persistent = machine.etc / "libvirt/qemu" / f"{GUEST.name}.xml"
        if not persistent.exists():
            continue
        old = persistent.read_text()
        new = with_agent_channel(old)
        if new != old:
            file = machine.folder / "guest.xml"
            file.write_text(new)
            machine.run(["virsh", "define", str(file)])
            added = True
    return added


def takes_direct_io(folder: Path) -> bool:
    """Whether the folder supports O_DIRECT, which cache='none' requires."""
    probe = folder / ".direct-io"
    try:
        os.close(os.open(probe, os.O_CREAT | os.O_RDWR | os.O_DIRECT, 0o600))
    except OSError as error:
        if not probe.exists():
            raise Failure(f"{folder} is not writable", error.strerror or "") from error
        return False
    finally:
        probe.unlink(missing_ok=True)
    return True
