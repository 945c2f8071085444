"""What the tests of ui share."""

from typing import Any

from textual.pilot import Pilot

from tests.fake_hosts import SHARED, FakeHosts
from tests.ui.one_page import OnePage, text_of, until
from tests.unit.launch.new_vm_room import GIB, Room, info
from tui.core.vm import Vm
from tui.launch.backend.launch import Launch
from tui.launch.screens.definition import DefinitionEditor
from tui.launch.screens.new_vm import NewVmForm
from tui.launch.screens.page import LaunchPage


def room_of(*vms: Vm) -> Room:
    """guest1 on the source, `vms` on the destination, and images for new VMs."""
    room = Room()
    room.world.destination.known |= {vm.name: vm for vm in vms}
    images = {**room.images, **{f"{SHARED}/{vm.name}.qcow2": info() for vm in vms}}
    room.answer("find", "".join(f"{path}\0{facts}\0" for path, facts in images.items()))
    return room


def app_of(world: FakeHosts) -> OnePage:
    return OnePage(LaunchPage(Launch(world.connections, world.changes.sudo)))


def read(app: OnePage) -> str:
    """The text of the screen, without line breaks and frames."""
    return " ".join(text_of(app).replace("│", " ").split())


async def sees(pilot: Pilot[Any], app: OnePage, *texts: str) -> None:
    await until(pilot, lambda: all(text in read(app) for text in texts) and "has not replied" not in read(app))


WEB = Vm("web", "uuid-2", "running", "", 4, 2 * GIB)


def blocked(room: Room) -> None:
    """Gives web a local disk and a CD-ROM, whose image the source does not have."""
    room.answer("/sys/class/net", "net br0 1500 bridge\nnet virbr0 1500 bridge\nfile missing 0 - - /root/a.iso\n")
    good = room.world.destination.definition("web")
    local = good.replace(f"{SHARED}/web.qcow2", "/var/lib/libvirt/web.qcow2").replace(' cache="none"', "")
    cd = '<disk type="file" device="cdrom"><source file="/root/a.iso"/><target dev="sda"/><readonly/></disk>'
    room.world.destination.definitions["web"] = local.replace("<controller", f"{cd}<controller")


async def form_of(pilot: Pilot[Any], app: OnePage) -> None:
    """Opens the form for a new VM, and waits for its choices."""
    await sees(pilot, app, "nothing known blocks it")
    await pilot.press("n")
    await until(pilot, lambda: isinstance(app.screen, NewVmForm) and "bridge br0" in read(app))


async def editor_of(pilot: Pilot[Any], app: OnePage, *keys: str) -> DefinitionEditor:
    """Opens the definition of a VM named two."""
    await form_of(pilot, app)
    await pilot.press("t", "w", "o", *keys, "enter")
    await until(pilot, lambda: isinstance(app.screen, DefinitionEditor))
    assert isinstance(app.screen, DefinitionEditor)
    return app.screen
