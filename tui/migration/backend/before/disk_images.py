"""Makes the images that a copy of disks needs on the target, and removes them after a migration that failed."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.log import log
from tui.core.plan import Plan
from tui.core.protocols import Hypervisor
from tui.core.threads import on_thread
from tui.core.together import together
from tui.linux.sudo import Sudo
from tui.migration.backend.before.preflight import Refused
from tui.migration.backend.recording.recorder import Recorder
from tui.migration.model import disk_images
from tui.migration.model.disk_images import Found, Made, New
from tui.vm.model.domain import Disk, Domain, parse
from tui.vm.model.host_inventory import HostInventory, parse_inventory

LIMIT_S = 30.0


class DiskImages:
    """Commands run as root, because QEMU's files belong to its user."""

    def __init__(self, connections: Connections, sudo: Sudo) -> None:
        self._connections = connections
        self._sudo = sudo

    async def prepare(self, plan: Plan, origin: str) -> tuple[Made, ...]:
        """Check the disks of a plan, and make the images that the target lacks; Refused, or another Failure."""
        target = self._connections.config.target(origin, plan.to)
        disks = await self._disks(plan, origin)
        failures = [each for disk in disks if (each := disk_images.unsuitable(disk))]
        if failures:
            raise Refused(tuple(failures))
        here, there = await together(*(self._look(host, disks) for host in (origin, target)))
        wanted = [
            disk_images.wanted(each, here.get(each.path), there.get(each.path), overlay=plan.copy_storage_inc)
            for each in disks
        ]
        failures = [each for each in wanted if isinstance(each, Failure)]
        failures = failures or await self._shared(disks, there, (origin, target))
        failures = failures or await self._used(plan, disks, target)
        if failures:
            raise Refused(tuple(failures))
        return await self._make(target, [each for each in wanted if isinstance(each, New)])

    async def remove(self, made: Iterable[Made]) -> list[str]:
        """Remove the images that were made and are still unused; returns why others were kept. Never raises Failure."""
        kept = []
        for each in made:
            try:
                domains = await self._domains(each.host)
                user = disk_images.user_of(each.path, domains)
                why = f"{user} uses it" if user else await self._run(each.host, disk_images.REMOVE, each.path, each.id)
            except Failure as failure:
                why = failure.reason
            if why.strip():
                kept.append(f"{each.path} on {each.host} was kept: {why.strip()}")
        return kept

    # -- what the hosts have --

    async def _disks(self, plan: Plan, origin: str) -> tuple[Disk, ...]:
        """The disks that are copied to the same path, volumes resolved by the pools of the host."""
        xml = await self._connections.query(origin, lambda each: each.definition(plan.vm))
        disks = disk_images.at_the_same_path(disk_images.copied(parse(xml), plan), plan.xml)
        pools = await self._inventory(origin) if any(each.kind == "volume" for each in disks) else HostInventory()
        return tuple(map(pools.resolved, disks))

    async def _inventory(self, host: str) -> HostInventory:
        return parse_inventory(await self._connections.query(host, lambda each: each.inventory()))

    async def _domains(self, host: str) -> list[Domain]:
        def read(hypervisor: Hypervisor) -> list[str]:
            return [hypervisor.definition(vm.name) for vm in hypervisor.vms() if not vm.arriving]

        return [parse(xml) for xml in await self._connections.query(host, read) if xml]

    async def _look(self, host: str, disks: Sequence[Disk]) -> dict[str, Found]:
        paths = [each.path for each in disks]
        return disk_images.parse_look(await self._run(host, disk_images.LOOK, *paths))

    async def _shared(self, disks: Sequence[Disk], there: dict[str, Found], way: tuple[str, str]) -> list[Failure]:
        """The disks whose folder both hosts share: a new file on the target appears on the origin, too."""
        (origin, target), found = way, []
        for folder in disk_images.folders(disks, there):
            mark = (await self._run(target, disk_images.MARK, folder)).strip()
            try:
                seen = await self._run(origin, disk_images.HAS, mark)
            finally:
                await self._run(target, disk_images.UNMARK, mark)
            if seen.strip() != "no":
                found += [disk_images.shared(each) for each in disks if disk_images.folder_of(each) == folder]
        return found

    async def _used(self, plan: Plan, disks: Sequence[Disk], target: str) -> list[Failure]:
        others = [each for each in await self._domains(target) if each.name not in (plan.vm, plan.dname)]
        users = ((disk, disk_images.user_of(disk.path, others)) for disk in disks)
        return [disk_images.in_use(disk, user) for disk, user in users if user]

    # -- changes --

    async def _make(self, target: str, wanted: Sequence[New]) -> tuple[Made, ...]:
        made: list[Made] = []
        for each in wanted:
            try:
                made.append(Made(target, each.path, await self._run(target, *each.words)))
            except Failure as failure:
                for kept in await self.remove(made):
                    log.warning("%s", kept)
                what = f"The image of disk {each.disk} could not be made on {target}"
                raise Failure(
                    what, failure.reason, f"Make it there: {each.command}.", detail=failure.detail
                ) from failure
        return tuple(made)

    async def _run(self, host: str, *words: str) -> str:
        done = await self._sudo.run(host, ["sh", "-c", disk_images.SCRIPT, "sh", *words], timeout=LIMIT_S)
        if done.status:
            raise Failure(f"A command for the disks failed on {host}", done.stderr.strip(), detail=" ".join(words))
        return done.stdout


async def recorder_and_images(
    create: Callable[[], Recorder], images: DiskImages | None, plan: Plan, origin: str
) -> tuple[Recorder, dict[str, Any]]:
    """The recorder of a new run, and for its first record the images that were made for the disks of its plan."""
    if images is None or not plan.copies_disks:
        return await on_thread(create), {}
    made = await images.prepare(plan, origin)
    try:
        recorder = await on_thread(create)
    except Failure:
        await images.remove(made)
        raise
    return recorder, {"made": [each.json for each in made]}
