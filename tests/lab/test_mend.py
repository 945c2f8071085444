"""A guest that can't migrate is mended by keys, in the real program and with the real libvirt, then migrates."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.lab_backend import LabBackend, bring_home
from tests.lab.screen import LIMIT_S, Screen
from tests.lab.test_terminal import terminal  # noqa: F401 - a fixture
from tui.lab.inventory import GUEST, SOURCE
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
    console = VNC.format(SOURCE.address)
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


def listed(screen: Screen, *texts: str) -> None:
    """Wait for the list of findings, read from both hosts."""
    screen.wait(lambda text: all(each in text for each in texts) and "Reading the VM" not in text, " and ".join(texts))


def mend(screen: Screen, command: str, *then: str) -> None:
    """Mend the chosen finding after its command was shown."""
    screen.press("Enter")
    screen.wait_for("Change this?", command)
    screen.press("y")
    listed(screen, *then)


def check(lab: Lab) -> tuple[int, list[str]]:
    """Exit status and levels of `vmlm-tui check`."""
    words = ["ssh", "source", f"vmlm-tui check {VM} --json --config {lab.place.config}"]
    argv = lab.machine("storage").argv(words)
    done = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    return done.returncode, [each["level"] for each in json.loads(done.stdout)["findings"]]


def test_a_blocked_guest_is_mended_by_keys_and_migrates(lab_backend: LabBackend, terminal: Open) -> None:  # noqa: F811
    assert check(lab_backend.lab) == (1, ["blocked"] * 3)
    screen = terminal()
    screen.wait_for("[1 Hosts]", "libvirt")
    screen.press("3")
    screen.wait_for("shut off", "can't migrate", "b mends it.")
    screen.press("b")
    listed(screen, "> blocked   CD-ROM hda", "It has the snapshot before", "console listens on")
    screen.press("Up")
    screen.wait_for("> blocked   Its VNC console listens on", "enter: let it listen on 0.0.0.0")
    mend(screen, "virsh update-device", "Done: let it listen on 0.0.0.0.")
    assert "console listens" not in screen.text()
    screen.press("Escape")
    screen.wait_for("[3 Launch]", "s start")
    screen.press("s")
    screen.wait_for("running on source")  # its guest need not be up: this is about libvirt and QEMU

    screen.press("4")
    screen.wait_for("Nothing is migrating")
    screen.press("m")
    screen.wait_for("blocked: CD-ROM hda", "b: details")
    screen.press("Enter")
    screen.wait_for("Nothing was started:", ISO, "Enter again starts it")
    screen.press("b")
    listed(screen, "> blocked   CD-ROM hda", "It has the snapshot before")
    mend(
        screen, f"virsh change-media {VM} hda --eject --live --config", f"Done: eject {ISO}.",
        "> blocked   It has the snapshot before",
    )  # fmt: skip
    mend(screen, "snapshot-delete", "libvirt has forgotten before")
    assert "> blocked" not in screen.text()
    screen.press("Escape")  # together with the next key it would be Alt+Enter
    screen.wait(lambda text: "Start a migration" in text and f"Migration of {VM}" not in text, "the form alone")
    screen.press("Enter")
    screen.wait_for("Completed", f"{VM} runs on destination and is gone from source")

    defined = lab_backend.virsh("destination", "dumpxml", "--inactive", VM)
    assert ISO not in defined
    assert "listen='0.0.0.0'" in defined
    images = lab_backend.lab.machine("source").run(["qemu-img", "snapshot", "-U", "-l", f"{SHARED_FOLDER}/{VM}.qcow2"])
    assert "before" in images  # the disk has not changed
