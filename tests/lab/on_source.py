"""The backend on the lab's source host, in its own process, like the app.

`python -m tests.lab.on_source [REACH:]COMMAND`; REACH is ssh (default) or agent.

Prints the result as one line of JSON, or the Failure's sentence with exit status 1.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tests.lab.fault import MOMENTS
from tui.adapters.libvirt.hypervisor import connect
from tui.adapters.local import LocalShell
from tui.adapters.ssh.shell import SshShell
from tui.app import config, wiring
from tui.app.wiring import changes_through
from tui.core import settings
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.plan import POST_COPY_MANUAL, Plan
from tui.core.settings import state_folder
from tui.guest.model.workload import WorkloadSpec
from tui.hosts.backend.hosts import Hosts
from tui.hosts.model.host import HostFacts
from tui.launch.backend.launch import Launch
from tui.launch.model.new_vm import CLOUD, IMAGE, LIKE, VmRequest
from tui.linux.sudo import Sudo
from tui.migration.backend.guest.monitor import GuestAccess
from tui.migration.backend.migrations import Migration, Migrations
from tui.migration.backend.owner import MigrationOwner
from tui.migration.model.record import UDP_PROBE, Event
from tui.vm.model.blockers import blockers
from tui.vm.model.domain import Domain
from tui.vm.model.offer import Offer

Result = dict[str, Any]


def print_progress(text: str) -> None:
    """Prints to stderr, which pytest shows for a failed test."""
    print(text, file=sys.stderr)


async def hosts(connections: Connections) -> Result:
    room = Hosts(connections, changes_through(connections, state_folder() / "changes.jsonl"))

    async def last(host: HostFacts) -> HostFacts:
        return [facts async for facts in room.read(host)][-1]

    found = await asyncio.gather(*map(last, room.unread()))
    return {facts.name: {"state": facts.state, "failures": list(map(str, facts.failures))} for facts in found}


def launch_of(connections: Connections, name: str = "", address: str = "") -> Launch:
    """The Launch room; `name` chooses another VM than the configured one."""
    launch = Launch(connections, Sudo(connections.shell))
    if name:
        launch.choose(name)
        launch.keep_address(address)
    return launch


async def vms(connections: Connections) -> Result:
    """Each VM's location and what blocks its migration to the other host."""
    room = launch_of(connections).vms
    listing, offers = await room.listing(), await room.offers()
    result: Result = {}
    for name in listing.names:
        host, domain = listing.where(name).host, listing.domain(name)
        target = connections.config.target(host)
        there, here = offers[target], offers[host]
        assert isinstance(domain, Domain)
        assert isinstance(there, Offer)
        assert isinstance(here, Offer)
        found = blockers(domain, room.images.folder, target, there, here)
        result[name] = {"where": listing.where(name).sentence, "blockers": [each.text for each in found]}
    return result


async def make_like(connections: Connections, name: str, template: str, old: str, new: str) -> Result:
    """Creates a VM like another one, with `old` replaced by `new` in its definition."""
    room = launch_of(connections).new_vms
    request = VmRequest(name, LIKE, connections.config.vm.vcpus, connections.config.vm.memory_bytes, template=template)
    plan = await room.plan(request, await room.inputs())
    assert old in plan.xml
    return {"sentence": await room.create(plan, plan.xml.replace(old, new), print_progress)}


async def make_of_image(connections: Connections, name: str, image: str, old: str, new: str) -> Result:
    """Creates a VM that boots an image of the shared folder, with `old` replaced by `new` in its definition."""
    room = launch_of(connections).new_vms
    inputs = await room.inputs()
    request = VmRequest(name, IMAGE, 2, 256 << 20, image, network=inputs.usable_networks[0])
    plan = await room.plan(request, inputs)
    return {"sentence": await room.create(plan, plan.xml.replace(old, new), print_progress), "notes": plan.notes}


async def make_of_cloud_image(connections: Connections, name: str, image: str, user: str) -> Result:
    """Creates a VM of a cloud image with root's key of this host, as the form proposes it."""
    room = launch_of(connections).new_vms
    inputs = await room.inputs()
    network, key = inputs.usable_networks[0], inputs.ssh_key
    request = VmRequest(name, CLOUD, 2, 1 << 30, image, network=network, user=user, ssh_key=key, disk_bytes=4 << 30)
    plan = await room.plan(request, inputs)
    return {"sentence": await room.create(plan, plan.xml, print_progress), "notes": plan.notes, "xml": plan.xml}


async def delete(connections: Connections, name: str, disks: str) -> Result:
    room = launch_of(connections).vms
    deletion = await room.deletion(name)
    return asdict(deletion) | {"sentence": await room.delete(deletion, disks=disks == "disks")}


async def where(connections: Connections) -> Result:
    return {"sentence": (await launch_of(connections).vm_state()).sentence}


async def boot(connections: Connections, *vm: str) -> Result:
    return {"sentence": await launch_of(connections, *vm).boot(print_progress)}


async def shut_down(connections: Connections) -> Result:
    await launch_of(connections).shut_down(print_progress)
    return await where(connections)


async def force_off(connections: Connections, *vm: str) -> Result:
    launch = launch_of(connections, *vm)
    await launch.force_off(print_progress)
    return {"sentence": (await launch.vm_state()).sentence}


async def start(connections: Connections, name: str, *numbers: str) -> Result:
    return asdict(await launch_of(connections).start_workload(WorkloadSpec(name, *map(int, numbers)), print_progress))


async def start_custom(connections: Connections, name: str, *command: str) -> Result:
    return asdict(await launch_of(connections).start_workload(WorkloadSpec(name, command=command), print_progress))


async def status(connections: Connections) -> Result:
    launch = launch_of(connections)
    return asdict(await launch.workloads.status(launch.name)) | {
        "current": (await launch.workloads.current(launch.name)).name
    }


async def stop(connections: Connections) -> Result:
    found = await launch_of(connections).stop_workload(print_progress)
    return asdict(found) | {"error": found.error}


def migrations_of(connections: Connections, runs: str) -> tuple[MigrationOwner, Launch]:
    """The rooms as the app connects them, including the observation of the guest."""
    launch = launch_of(connections)
    guest_access = GuestAccess(launch.guest, launch.heartbeats)
    return MigrationOwner(connections, connect, Path(runs), 1.0, launch.workloads.current, guest_access), launch


async def migrate(connections: Connections, runs: str, technique: str) -> Result:
    """Migrates the VM to the other host; with a timeout technique, post-copy after 6 s."""
    migrations, launch = migrations_of(connections, runs)
    migration = await migrations.start(Plan(launch.name, technique, 6.0, downtime_ms=1000))
    await migration.ended()
    return {"folder": str(migration.folder), "phase": migration.timeline.phase}


async def migrate_and_die(connections: Connections, runs: str) -> Result:
    """Starts a migration that does not end without post-copy, and kills this process after the first probe record."""
    migrations, launch = migrations_of(connections, runs)
    # With so short a downtime it does not converge either when a busy computer gives the guest little time.
    migration = await migrations.start(Plan(launch.name, POST_COPY_MANUAL, downtime_ms=1))
    observed = asyncio.Event()
    migration.listen(lambda each: observed.set() if isinstance(each, Event) and each.kind == UDP_PROBE else None)
    await observed.wait()
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


async def follow(connections: Connections, runs: str) -> Result:
    """Attaches to the running migration and ends it by post-copy after the next probe record."""
    migrations, _ = migrations_of(connections, runs)
    migration = await migrations.attach()
    assert migration is not None
    observed = asyncio.Event()
    migration.listen(lambda each: observed.set() if isinstance(each, Event) and each.kind == UDP_PROBE else None)
    probed = asyncio.ensure_future(observed.wait())
    await asyncio.wait({probed, asyncio.ensure_future(migration.ended())}, return_when=asyncio.FIRST_COMPLETED)
    assert probed.done(), "the migration ended before the next probe record"
    migration.controls.switch_to_post_copy()
    await migration.ended()
    return {"folder": str(migration.folder), "phase": migration.timeline.phase}


async def kill_in(connections: Connections, who: str, vm: str, moment: str) -> Result:
    """Starts a migration through the runner, and at that moment kills the runner or this process."""
    migrations = wiring.migrations_of(connections, config.find())
    migration = await started(migrations, vm, moment)
    os.kill(os.getpid() if who == "client" else runner_pid(), signal.SIGKILL)
    await migrations.close()
    return {"folder": str(migration.folder), "phase": migration.timeline.phase}


async def halt_runner_in(connections: Connections, vm: str, moment: str, seconds: str) -> Result:
    """Starts a migration through the runner, halts the runner at that moment, and ends the migration by post-copy."""
    migrations = wiring.migrations_of(connections, config.find())
    migration = await started(migrations, vm, moment)
    pid = runner_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(float(seconds))
    finally:
        os.kill(pid, signal.SIGCONT)
    return await ended_by_post_copy(migrations, migration)


async def started(migrations: Migrations, vm: str, moment: str) -> Migration:
    """A migration that has reached that moment."""
    migration = await migrations.start(Plan(vm, POST_COPY_MANUAL))
    reached = asyncio.Event()

    def look(_record: object) -> None:
        timeline = migration.timeline
        if (
            moment.startswith("post-copy")
            and timeline.iteration
            and not (timeline.post_copy_sent or timeline.post_copy_at)
        ):
            migration.controls.switch_to_post_copy()
        if MOMENTS[moment].when(timeline) or timeline.over:
            reached.set()

    migration.listen(look)
    look(None)
    await reached.wait()
    return migration


async def end_by_post_copy(connections: Connections) -> Result:
    """Finds the migration through the runner, which may have to be started, and ends it by post-copy."""
    migrations = wiring.migrations_of(connections, config.find())
    migration = await migrations.attach()
    assert migration is not None
    return await ended_by_post_copy(migrations, migration)


async def ended_by_post_copy(migrations: Migrations, migration: Migration) -> Result:
    migration.controls.switch_to_post_copy()
    await migration.ended()
    timeline = migration.timeline
    await migrations.close()
    return {"folder": str(migration.folder), "phase": timeline.phase, "sentence": (timeline.verified or (False, ""))[1]}


def runner_pid() -> int:
    """The process of this host's runner."""
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if each.read_bytes().split(b"\0")[1:4] == [b"-m", b"tui.app.main", b"runner"]:
                return int(each.parent.name)
    raise AssertionError("no runner runs")


COMMANDS: dict[str, Callable[..., Awaitable[Result]]] = {
    request.__name__: request
    for request in (
        *(hosts, where, boot, shut_down, force_off, start, start_custom, status, stop),
        *(vms, make_like, make_of_image, make_of_cloud_image, delete),
        *(migrate, migrate_and_die, follow, kill_in, halt_runner_in, end_by_post_copy),
    )
}


def configured(reach: str = settings.SSH_REACH) -> Connections:
    """Connections to the hosts of the lab's configuration."""
    read = config.load(config.find())
    read = replace(read, vm=replace(read.vm, reach=reach))
    return Connections(read, connect, lambda address: SshShell(address) if address else LocalShell())


async def main(request: str, *words: str) -> int:
    reach, _, request = request.rpartition(":")
    connections = configured(reach or settings.SSH_REACH)
    try:
        print(json.dumps(await COMMANDS[request](connections, *words)))
    except Failure as failure:
        print(failure)
        return 1
    finally:
        await connections.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main(*sys.argv[1:])))
