"""What the tests of launch share."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tests.fake_hosts import SHARED, FakeHosts
from tui.core.command import Completed
from tui.core.failure import Failure
from tui.launch.backend.launch import Launch
from tui.launch.model.build_plan import BuildPlan
from tui.launch.model.new_vm import CLOUD, IMAGE, LIKE, VmRequest

GIB = 1 << 30


AWAY = Failure("libvirt can't be reached", "it is down")


FREE, CLOUD_IMAGE = f"{SHARED}/free.qcow2", f"{SHARED}/jammy.img"


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me@here"


NO, YES = Completed(1, "", ""), Completed(0, "", "")


def info(format: str = "qcow2", size: int = GIB, backing: str = "") -> str:
    return json.dumps(
        {"format": format, "virtual-size": size, "actual-size": 1 << 20, "full-backing-filename": backing}
    )


@dataclass
class Room:
    """The Launch room on fake hosts; the source's shell answers a command by a part of it."""

    world: FakeHosts = field(default_factory=FakeHosts)
    progress: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.images = {FREE: info(), CLOUD_IMAGE: info("raw"), f"{SHARED}/guest1.qcow2": info()}
        self.source = self.world.shells[""]
        self.source.answers = {
            "id\n-u": "0\n",
            "test\n-e": NO,
            "qemu-img\ninfo": info(),
            "df\n-B1": f"Avail\n{100 * GIB}\n",
            "/sys/class/net": "net br0 1500 bridge\nnet virbr0 1500 bridge\n",
            "id_ed25519.pub": f"{KEY}\n",
            "/dev/kvm": "no device\n",
        }
        self.world.shells["root@destination"].answers = {
            "id\n-u": "0\n", "/sys/class/net": "net br0 1500 bridge\n", "/dev/kvm": "runs\n"
        }  # fmt: skip
        self.launch = Launch(self.world.connections, self.world.changes.sudo)

    def answer(self, key: str, answer: str | Completed | Failure) -> None:
        """Set an answer that precedes all others."""
        self.source.answers = {key: answer} | {each: old for each, old in self.source.answers.items() if each != key}

    async def plan(self, request: VmRequest) -> BuildPlan:
        self.source.answers.setdefault("find", "".join(f"{path}\0{facts}\0" for path, facts in self.images.items()))
        return await self.launch.new_vms.plan(request, await self.launch.new_vms.inputs())

    async def create(self, request: VmRequest, edit: Callable[[str], str] = lambda xml: xml) -> str:
        plan = await self.plan(request)
        return await self.launch.new_vms.create(plan, edit(plan.xml), self.progress.append)

    def ran(self, word: str) -> list[tuple[str, ...]]:
        return [argv for argv in self.source.commands if word in "\n".join(argv)]


PLAIN = VmRequest("two", IMAGE, 2, GIB, FREE, network=("bridge", "br0"))


OF_CLOUD = VmRequest("two", CLOUD, 2, GIB, CLOUD_IMAGE, network=None, user="ubuntu", ssh_key=KEY, disk_bytes=20 * GIB)


LIKE_GUEST1 = VmRequest("two", LIKE, 2, GIB, template="guest1")


def running(room: Room) -> None:
    room.world.source.known["guest1"] = replace(room.world.source.known["guest1"], state="running")
