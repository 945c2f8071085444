"""The app and its runner with a recorded migration; it records the time of every request for post-copy.

tests.bench runs it as `python -m tests.bench.pressed FOLDER INTERVAL`. The key comes from a real terminal and passes
through the whole app, the socket, and the runner in its own process; at ten samples a second, the charts are drawn ten
times as often as in use. The call that would go to libvirt writes the time into FOLDER/stamps and is refused, so that
p can be pressed again. The migration never ends: SIGTERM ends the runner.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from itertools import chain, cycle
from pathlib import Path

import tomli_w

from tests.fake_hosts import FakeHypervisor
from tui.adapters.local import LocalShell
from tui.app import config, runner
from tui.app.app import VmlmApp
from tui.app.process_priority import PRIORITY, set_priority
from tui.app.terminal import run_until_exit
from tui.app.wiring import Backend, Owned, changes_through
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.protocols import Hypervisor, JobInfo, Stat
from tui.core.settings import Config
from tui.core.vm import Daemon, Vm
from tui.forecast.backend.forecaster import Forecaster
from tui.guest.model.workload import Workload
from tui.hosts.backend.hosts import Hosts
from tui.launch.backend.launch import Launch
from tui.migration.backend.migrations import Migrations
from tui.migration.backend.owner import MigrationOwner
from tui.migration.backend.recorded import Recorded
from tui.migration.backend.recording.run_files import read_records
from tui.migration.model.record import Sample
from tui.nfs.backend.nfs import Nfs
from tui.runner.process import connect
from tui.runs.backend.runs import Runs
from tui.study.backend.access import StudyAccess
from tui.study.backend.client import StudiesClient
from tui.study.backend.measurement import Tools
from tui.study.backend.service import Studies

RECORDING = Path(__file__).parents[1] / "recordings" / "post-copy-by-hand.jsonl"
TABLES = {
    "hosts": {name: {"ssh": f"root@{name}"} for name in ("source", "destination", "storage")},
    "vm": {"name": "guest1"},
    "migration": {"technique": "post-copy-manual"},
}
LIBRARIES = ("tui.adapters.ssh.connection", "tui.adapters.libvirt.hypervisor")  # as the app at its first connections
RUNS = threading.Event()  # set by one connection when the migration starts, read by another


class Endless(FakeHypervisor):
    """A source whose migration runs for ever and never switches."""

    def __init__(self, uri: str, stamps: Path, *vms: Vm) -> None:
        super().__init__(uri, *vms)
        self._stamps = stamps
        records = (each for each in read_records(RECORDING) if isinstance(each, Sample) and each.state == "running")
        all_stats = [each.stats for each in records]
        passes = [stats for stats in all_stats if int(stats["memory_iteration"]) >= 2]
        self._stats = chain(all_stats, cycle(passes))

    def daemon(self) -> Daemon:
        return Daemon(self.uri, self.uri, self.uri, (11, 3, 0), (10, 0, 2), 2, "EPYC", 2**34, 2**34)

    def migrate(self, plan: Plan, destination_uri: str) -> None:
        RUNS.set()
        threading.Event().wait()

    def autostart(self, name: str) -> bool:
        return False

    def set_max_downtime(self, name: str, milliseconds: int) -> None:
        """Does nothing."""

    def job(self, name: str) -> JobInfo:
        stats: Mapping[str, Stat] = next(self._stats) if RUNS.is_set() else {}
        return JobInfo(stats, "running")

    def start_post_copy(self, name: str) -> None:
        called = time.monotonic()
        with self._stamps.open("a") as file:
            file.write(f"{called}\n")
        raise Failure("Post-copy was not started", "the benchmark refuses it, so that p can be pressed again")


def connections_of(configured: Config, folder: Path) -> Connections:
    """The connections of either process to the two hosts."""
    guest = Vm("guest1", "0054f024-25aa-4e37-867f-6da151e2b201", "running", vcpus=2, memory_bytes=2**30)

    def open_hypervisor(uri: str) -> Hypervisor:
        return Endless(uri, folder / "stamps", *([guest] if uri == "qemu:///system" else []))

    return Connections(configured, open_hypervisor, lambda _address: LocalShell())


def owned_by_runner(folder: Path, configured: Config, recorded: Recorded) -> Owned:
    """What the runner owns: the migration."""

    async def workload(_vm: str, _known: Workload | None) -> Workload:
        return Workload("memory")

    connections = connections_of(configured, folder)
    open_hypervisor, interval_s = connections._open_hypervisor, configured.sampling.interval_s
    runs = configured.runs.folder
    owner = MigrationOwner(connections, open_hypervisor, runs, interval_s, workload, recorded=recorded)
    launch = Launch(connections, changes_through(connections, folder / "changes.jsonl").sudo)
    return Owned(
        owner, Studies(Tools(owner, launch.workloads, Forecaster(connections, runs)), configured, folder / "studies")
    )


def main(folder: Path, interval: str) -> None:
    """Runs the app until it is quit."""
    for library in LIBRARIES:
        import_module(library)
    path, runs = folder / "config.toml", folder / "runs"
    path.write_text(tomli_w.dumps(TABLES | {"sampling": {"interval": interval}, "runs": {"folder": str(runs)}}))
    configured = config.load(path)
    connections = connections_of(configured, folder)
    command = (sys.executable, "-m", "tests.bench.pressed", "runner", str(folder))
    migrations = Migrations(connections, partial(connect, command), path)
    changes = changes_through(connections, folder / "changes.jsonl")
    launch = Launch(connections, changes.sudo)
    client = StudiesClient(partial(connect, command), path)
    studies = StudyAccess(client, folder / "studies", path, configured.vm, ())
    rooms = (Hosts(connections, changes), Nfs(connections, changes), launch, Runs(runs), studies)
    backend = Backend(migrations, *rooms)
    set_priority(PRIORITY)  # as the app itself does when it starts
    asyncio.run(run_until_exit(VmlmApp(configured, path, backend)))  # with the app's garbage collection


if __name__ == "__main__":
    if sys.argv[1] == "runner":
        sys.exit(runner.main(partial(owned_by_runner, Path(sys.argv[2]))))
    main(Path(sys.argv[1]), sys.argv[2])
