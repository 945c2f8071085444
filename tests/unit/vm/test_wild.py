"""Definitions in the forms that tools write, and what is known of the migration of each."""

from pathlib import Path

import pytest

from tests.unit.vm.cases import FOLDER, SOURCE, TARGET
from tui.vm.model.blockers import blockers
from tui.vm.model.domain import parse
from tui.vm.model.rules.rule import BLOCKED, DOUBTFUL, NOTE

WILD = Path(__file__).parents[1] / "golden" / "wild"
QXL, CIRRUS, SPICE = "It has qxl video", "It has cirrus video", "It has spice graphics"

FOUND = {
    "cockpit": [
        (BLOCKED, "It is connected to the host device enp3s0, which target does not have."),
        (DOUBTFUL, "It uses the host folder /srv/data by virtiofs"),
    ],
    "debian-virt-manager": [
        (BLOCKED, "QEMU on target does not support the machine type pc-q35-7.2."),
        (BLOCKED, SPICE),
        (BLOCKED, QXL),
        (BLOCKED, "It redirects usb devices"),
        (DOUBTFUL, "Disk vda is /var/lib/libvirt/images/debian12.qcow2, which is not on the shared folder /mnt/nfs"),
    ],
    "kubevirt": [
        (DOUBTFUL, "Disk vdb is /var/run/cloud-init-private/default/vmi/noCloud.iso"),
        (DOUBTFUL, "Its network card 02:00:00:00:00:09 is connected by a script"),
    ],
    "opennebula": [
        (BLOCKED, "The bridge onebr.10 is missing on target."),
        (BLOCKED, "It pins vCPU 0 to the CPUs 4; target has none of them."),
        (BLOCKED, "It pins QEMU to the CPUs 4; target has none of them."),
        (BLOCKED, "It pins its vCPUs to the CPUs 4-7; target has none of them."),
    ],
    "openstack": [
        (BLOCKED, "Its VNC console listens on 192.168.2.10, which is no address of target."),
        (BLOCKED, "It pins vCPU 1 to the CPUs 14; target has none of them."),
        (BLOCKED, "Its memory is bound to the NUMA nodes 1; target has 0."),
        (BLOCKED, "It needs 1.0 GiB of huge pages (2048 KiB), and target has 512 MiB of them free."),
        (BLOCKED, "A disk needs the secret 457eb676-33da-42ec-9a8c-9293d545c337"),
        (DOUBTFUL, "Its network card fa:16:3e:00:00:08 is connected to another program (vhost-user)"),
    ],
    "terraform": [(BLOCKED, SPICE), (BLOCKED, CIRRUS)],
    "ubuntu-uefi": [(BLOCKED, "QEMU on target does not support the machine type pc-q35-noble.")],
    "vagrant": [
        (BLOCKED, "The network vagrant-libvirt is missing on target."),
        (BLOCKED, CIRRUS),
        (DOUBTFUL, "Disk vda is /var/lib/libvirt/images/project_default.img"),
        (DOUBTFUL, "It uses the host folder /home/me/project by 9p"),
    ],
    "virt-install-import": [(DOUBTFUL, "CD-ROM sda is /var/lib/libvirt/boot/virtinst-cloudinit.iso")],
    "windows11": [
        (BLOCKED, "The state of its TPM is encrypted by the secret 457eb676-33da-42ec-9a8c-9293d545c337"),
        (NOTE, "CD-ROM sdb is /iso/x.iso"),
    ],
}


def test_each_file_is_expected() -> None:
    assert sorted(FOUND) == sorted(each.stem for each in WILD.glob("*.xml"))


@pytest.mark.parametrize("name", FOUND)
def test_a_definition_of_the_wild_is_judged(name: str) -> None:
    domain = parse((WILD / f"{name}.xml").read_text("utf-8"))
    found = [(each.level, each.text) for each in blockers(domain, FOLDER, "target", TARGET, SOURCE)]
    assert [level for level, _ in found] == [level for level, _ in FOUND[name]], found
    for (_, text), (_, start) in zip(found, FOUND[name], strict=True):
        assert text.startswith(start)
