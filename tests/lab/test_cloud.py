"""A VM of a cloud image, with keys only: created with its seed, booted, loaded, migrated, rebooted, deleted."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab import cloud_image
from tests.lab.screen import Screen
from tui.guest.model.seed import Seed, user_data
from tui.lab.inventory import GUEST
from tui.lab.lab import Lab

NAME, USER = "cloudy", "ubuntu"  # the user that the form proposes
LIMIT_S = 300.0
FIRST_BOOT_S = 900.0  # emulated, on a machine that may be busy
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGao1mvWDYHmmc2tQaakZotlwTmyfHVIeQOQdfnPuiV9"
INSTANCE = "ls /var/lib/cloud/instances"
ODD_SEED = Seed("-odd name; 'ü\"<&$(x)", "_a-1", f'{KEY} it\'s "me": #ü {{}}', "i-1")


@pytest.fixture
def image(lab: Lab) -> Iterator[Path]:
    """The cloud image in the shared folder; the lab's own guest is off."""
    for host in ("source", "destination"):
        if GUEST.name in lab.machine(host).run(["virsh", "list", "--name"]).split():
            lab.machine(host).run(["virsh", "destroy", GUEST.name])
    path = lab.place.images / "a-cloud.qcow2"  # the first in the form's list
    shutil.copyfile(cloud_image.prepare(print), path)
    yield path
    for host in ("source", "destination"):
        machine = lab.machine(host)
        machine.succeeds(["virsh", "destroy", NAME])
        machine.succeeds(["virsh", "undefine", NAME])
    for left in (path, *lab.place.images.glob(f"{NAME}*")):
        left.unlink(missing_ok=True)


@pytest.fixture
def screen(lab: Lab, tmp_path: Path) -> Iterator[Screen]:
    """The app in an ssh session to the source, with its runs in a folder of the test."""
    settings = lab.place.config.read_text()
    config = tmp_path / "config.toml"
    config.write_text(re.sub(r'folder = "[^"]*"', f'folder = "{tmp_path / "runs"}"', settings))
    words = ["ssh", "-tt", "source", f"vmlm-tui --config {config}"]
    opened = Screen(tmp_path / "tmux", lab.machine("storage").argv(words), 100, 40)
    yield opened
    opened.close()


def make(screen: Screen) -> None:
    """Creates the VM through the form with its proposed values."""
    screen.press("n")
    screen.wait_for("New VM", "bridge br0")
    screen.press(*NAME)
    screen.wait_for(f" {NAME} ")
    screen.press("Down")
    screen.press("Right")
    screen.wait_for("a-cloud.qcow2", f" {USER} ", "ssh-ed25519")
    screen.press("Enter")
    screen.wait_for(f"Definition of {NAME}")
    screen.press("F2")
    screen.wait_for(f"{NAME} was created on source; s starts it.", f"{NAME}-seed.iso")
    screen.wait_for("through its guest agent, as root")


def assert_set_up(guest: Callable[..., str]) -> None:
    """The guest is set up as in its seed, and cloud-init accepts it and a seed with unusual characters."""
    programs = ["/usr/bin/gcc", "/usr/sbin/qemu-ga"]
    assert guest("hostname; sudo -n id -u; sudo which gcc qemu-ga").split() == [NAME, "0", *programs]
    assert json.loads(guest("cat /run/cloud-init/result.json"))["v1"]["errors"] == []
    assert int(guest("df --output=size -B1 /").split()[-1]) > 15 << 30  # grown to the disk size that the form proposed
    assert "Valid cloud-config" in guest("sudo cloud-init schema --system")
    assert "Valid cloud-config" in guest("cat > odd; cloud-init schema --config-file odd", user_data(ODD_SEED))


def answered(screen: Screen, key: str, question: str) -> None:
    """Press a key, and confirm its question."""
    screen.press(key)
    screen.wait_for(question)
    screen.press("y")


def test_a_vm_of_a_cloud_image_is_created_booted_loaded_migrated_rebooted_and_deleted_with_keys(
    lab: Lab, image: Path, screen: Screen
) -> None:
    source = lab.machine("source")
    screen.press("3")
    screen.wait_for("> guest1", "nothing known blocks it")
    make(screen)
    screen.press("s")  # waits for the agent that cloud-init installs, and for cloud-init's end
    screen.wait_for(f"{NAME} is up: its guest replied", limit_s=FIRST_BOOT_S)

    # The app finds the address, and ssh works at once because the guest agent has reported the host key.
    found = screen.wait(lambda text: "found at 10." in text, "the guest's address")
    address = re.findall(r"found at ([0-9.]+)", found)[0]
    screen.press("a")
    screen.wait_for(f"It was found at {USER}@{address}")
    screen.press("Down", "Enter")
    screen.wait_for(f"ssh {USER}@{address}", "idle: nothing runs in the guest")

    def guest(script: str, stdin: str = "") -> str:
        return source.run(["ssh", f"{USER}@{address}", script], stdin=stdin, limit_s=LIMIT_S)

    assert_set_up(guest)
    instance = guest(INSTANCE)

    screen.press("w")
    screen.wait_for("memory", "150")
    screen.press("Enter")
    screen.wait_for("program", "dirtying", limit_s=LIMIT_S)
    screen.press("4")
    screen.wait_for("Nothing is migrating")
    screen.press("m")
    screen.wait_for("Start a migration", NAME, "source -> destination")
    screen.press("Enter")
    screen.wait_for("Not converging", limit_s=LIMIT_S)
    screen.press("p")
    screen.wait_for("Completed", f"{NAME} runs on destination and is gone from source", limit_s=LIMIT_S)
    screen.press("3")
    screen.wait_for("running on destination", "dirtying")
    answered(screen, "W", "Stop the workload memory?")
    screen.wait_for("The workload memory was stopped.", limit_s=LIMIT_S)  # and no page was wrong

    # A second boot, on the other host: the seed is still attached, but cloud-init does not apply it again.
    answered(screen, "x", f"Shut {NAME} down?")
    screen.wait_for(f"{NAME} is shut off.", limit_s=LIMIT_S)
    screen.press("s")
    screen.wait_for(f"{NAME} is up: its guest replied", f"ssh {USER}@{address}", "idle", limit_s=FIRST_BOOT_S)
    assert guest(INSTANCE) == instance
    assert json.loads(guest("cat /run/cloud-init/result.json"))["v1"]["errors"] == []

    screen.press("X")
    screen.wait_for("Force the VM off?")
    screen.press("y")
    screen.wait_for(f"{NAME} was forced off.")
    screen.press("D")
    screen.wait_for(f"Delete {NAME}?", f"{NAME}.qcow2", f"{NAME}-seed.iso")
    screen.press("d")
    screen.wait_for(f"{NAME} was deleted with")
    assert image.exists()
    assert list(lab.place.images.glob(f"{NAME}*")) == []
