"""A small VM for the machines: the lab's guest, which boots its kernel directly, on the shared folder."""

from tests.nfs.machine import Machine
from tui.lab import guest
from tui.lab.domain import AGENT_CHANNEL, KERNEL_OPTIONS

VM = "guest1"
IMAGES = "/var/lib/libvirt/images"  # on the storage server
FOLDER = "/var/lib/libvirt-img/images"  # where the hosts mount it


def put_files(storage: Machine) -> None:
    """Writes the guest's kernel, initrd and disk to the shared folder."""
    built = guest.prepare(print)
    for name, to in (("vmlinuz", "vmlinuz"), ("initrd", "initrd"), ("disk.qcow2", f"{VM}.qcow2")):
        storage.send(built / name, f"{IMAGES}/{to}")


def definition() -> str:
    """Its definition; emulated, as these machines may be themselves."""
    return f"""<domain type='qemu'>
  <name>{VM}</name>
  <memory unit='MiB'>128</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>{FOLDER}/vmlinuz</kernel>
    <initrd>{FOLDER}/initrd</initrd>
    <cmdline>{KERNEL_OPTIONS} vmlm.name={VM} vmlm.address=192.168.122.9/24</cmdline>
  </os>
  <features><acpi/><apic/></features>
  <on_poweroff>destroy</on_poweroff>
  <on_crash>destroy</on_crash>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none'/>
      <source file='{FOLDER}/{VM}.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <controller type='usb' model='none'/>
    <interface type='network'>
      <source network='default'/>
      <model type='virtio'/>
      <rom enabled='no'/>
    </interface>
    <serial type='pty'/>
    <console type='pty'><target type='serial'/></console>
    {AGENT_CHANNEL}
    <memballoon model='none'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>
"""
