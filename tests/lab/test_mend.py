"""A guest that can't migrate is mended by keys, in the real program and with the real libvirt, then migrates."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.lab_backend import LabBackend, bring_home
from tests.lab.screen import LIMIT_S, Screen
from tests.lab.test_terminal import terminal  # noqa: F401 - a fixture
from tui.lab.inventory import ADDRESSES, GUEST
from tui.lab.lab import Lab
from tui.lab.place import SHARED_FOLDER

Open = Callable[[], Screen]

VM = GUEST.name
ISO = "/var/lib/libvirt/only-here.iso"  # each host has its own folder
CD = f"""<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='{ISO}'/>
  <target dev='hda' bus='ide'/><readonly/></disk>"""
VNC = "<graphics type='vnc' port='-1' autoport='yes' listen='{0}'><listen type='address' address='{0}'/></graphics>"
LEFT = f"""rm -f {ISO}
qemu-img snapshot -d before {SHARED_FOLDER}/{VM}.qcow2"""


@pytest.fixture
def lab_backend(lab: Lab, tmp_path: Path) -> Iterator[LabBackend]:
    """The guest is off, with a medium that only the source has, a snapshot, and a console on the source's address."""
    backend = LabBackend(lab, tmp_path / "runs")
    bring_home(backend)
    source = lab.machine("source")
    before = backend.virsh("source", "dumpxml", "--inactive", VM)
    backend.virsh("source", "destroy", VM)
    backend.virsh("source", "snapshot-create-as", VM, "before")
    source.run(["sh", "-c", f"head -c 1M /dev/zero > {ISO}"])
    console = VNC.format(ADDRESSES["source"])
    file = source.folder / "mend.xml"
    file.write_text(before.replace("<devices>", f"<devices>{CD}{console}", 1))
    backend.virsh("source", "define", str(file))
    yield backend
    if backend.states()["destination"] == "running":
        bring_home(backend)
    source.succeeds(["virsh", "snapshot-delete", VM, "before", "--metadata"])
    source.succeeds(["virsh", "destroy", VM])
    source.succeeds(["sh", "-c", LEFT])
    file.write_text(before)
    backend.virsh("source", "define", str(file))
    backend.virsh("source", "start", VM)


def test_a_blocked_guest_is_mended_by_keys_and_migrates(lab_backend: LabBackend, terminal: Open) -> None:  # noqa: F811
    lab = lab_backend.lab
    words = ["ssh", "source", f"vmlm-tui check {VM} --json --config {lab.place.config}"]
    checked = subprocess.run(
        lab.machine("storage").argv(words), capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    levels = [each["level"] for each in json.loads(checked.stdout)["findings"]]
    assert (checked.returncode, levels) == (1, ["blocked"] * 3), checked.stderr

    screen = terminal()
    screen.wait_for("[1 Hosts]", "libvirt")
    screen.press("3")
    screen.wait_for("shut off", "can't migrate", "b mends it.")
    screen.press("b")
    screen.wait_for("console listens on", "enter: let it listen on 0.0.0.0")
    screen.press("Up", "Enter")
    screen.wait_for("virsh update-device", "--config", "change nothing")
    screen.press("y")
    screen.wait_for("Done: let it listen on 0.0.0.0.")
    screen.wait(lambda text: "console listens" not in text, "the end of the finding")
    screen.press("Escape")
    screen.press("s")
    screen.wait_for("running on source", "idle")

    screen.press("4")
    screen.wait_for("Nothing is migrating")
    screen.press("m")
    screen.wait_for("blocked: CD-ROM hda", "b: details")
    screen.press("Enter")
    screen.wait_for("Nothing was started:", ISO, "Enter again starts it nevertheless")
    screen.press("b")
    screen.wait_for("> blocked   CD-ROM hda", "It has the snapshot before")
    screen.press("Enter")
    screen.wait_for(f"virsh change-media {VM} hda --eject --live --config", "change nothing")
    screen.press("y")
    screen.wait_for(f"Done: eject {ISO}.", "> blocked   It has the snapshot before")
    screen.press("Enter")
    screen.wait_for("snapshot-delete", "change nothing")
    screen.press("y")
    screen.wait_for("libvirt has forgotten before", "Nothing known blocks")
    screen.press("Escape")
    screen.wait_for("Start a migration")
    screen.press("Enter")
    screen.wait_for("Completed", f"{VM} runs on destination and is gone from source")

    assert lab_backend.virsh("destination", "snapshot-list", VM, "--name").strip() == ""
    defined = lab_backend.virsh("destination", "dumpxml", "--inactive", VM)
    assert ISO not in defined
    assert "0.0.0.0" in defined  # noqa: S104
    images = lab.machine("source").run(["qemu-img", "snapshot", "-U", "-l", f"{SHARED_FOLDER}/{VM}.qcow2"])
    assert "before" in images  # the disk has not changed
    screen.press("q")
    screen.wait(lambda _text: screen.over(), "the end of the program")
