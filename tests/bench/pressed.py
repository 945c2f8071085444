"""The app with a recorded migration at ten samples a second; it records the time of every request for post-copy.

tests.bench runs it as `python -m tests.bench.pressed STAMPS RUNS`. The key comes from a real terminal and passes
through the whole app while the charts are drawn ten times as often as in use. The call that would go to libvirt
writes the time into STAMPS; then the app resets its state so that p can be pressed again.
"""

import sys
import threading
import time
from collections.abc import Mapping
from itertools import chain, cycle
from pathlib import Path

from tui.migration.backend.migration import Migration

from tests.fake_hosts import FakeHypervisor
from tui.adapters.local import LocalShell
from tui.app import config
from tui.app.app import VmlmApp
from tui.app.process_priority import PRIORITY, set_priority
from tui.app.wiring import Backend, changes_through
from tui.core.connections import Connections
from tui.core.plan import Plan
from tui.core.protocols import Hypervisor, JobInfo, Stat
from tui.core.vm import Daemon, Vm
from tui.guest.model.workload import Workload
from tui.hosts.backend.hosts import Hosts
from tui.launch.backend.launch import Launch
from tui.migration.backend.migrations import Migrations
from tui.migration.backend.run_files import read_records
from tui.migration.model.record import ACTION, Event, Record, Sample
from tui.nfs.backend.nfs import Nfs
from tui.runs.backend import Runs

RECORDING = Path(__file__).parents[1] / "recordings" / "post-copy-by-hand.jsonl"
TABLES = {
    "hosts": {name: {"ssh": f"root@{name}"} for name in ("source", "destination", "storage")},
    "vm": {"name": "guest1"},
    "migration": {"technique": "post-copy-manual"},
    "sampling": {"interval": "0.1 s"},
}
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

    def set_max_downtime(self, name: str, milliseconds: int) -> None:
        """Does nothing."""

    def job(self, name: str) -> JobInfo:
        stats: Mapping[str, Stat] = next(self._stats) if RUNS.is_set() else {}
        return JobInfo(stats, "running")

    def start_post_copy(self, name: str) -> None:
        called = time.monotonic()
        with self._stamps.open("a") as file:
            file.write(f"{called}\n")


class RepeatablePostCopy(Migrations):
    """Resets the request for post-copy, so that p can be pressed again."""

    async def start(self, plan: Plan) -> Migration:
        migration = await super().start(plan)

        def reset(each: Record) -> None:
            if isinstance(each, Event) and each.kind == ACTION:
                migration.controls._post_copy = "no"

        migration.listen(reset)
        return migration


def main(stamps: Path, runs: Path) -> None:
    """Runs the app until it is quit."""
    configured, problems = config.check(TABLES)
    assert configured is not None, problems
    guest = Vm("guest1", "0054f024-25aa-4e37-867f-6da151e2b201", "running", vcpus=2, memory_bytes=2**30)

    def open_hypervisor(uri: str) -> Hypervisor:
        return Endless(uri, stamps, *([guest] if uri == "qemu:///system" else []))

    async def workload(_vm: str) -> Workload:
        return Workload("memory")

    connections = Connections(configured, open_hypervisor, lambda _address: LocalShell())
    migrations = RepeatablePostCopy(connections, open_hypervisor, runs, configured.sampling.interval_s, workload)
    changes = changes_through(connections, runs / "changes.jsonl")
    rooms = (Hosts(connections, changes), Nfs(connections, changes), Launch(connections, changes.sudo), Runs(runs))
    backend = Backend(migrations, *rooms)
    set_priority(PRIORITY)  # as the app itself does when it starts
    VmlmApp(configured, Path("/nowhere"), backend).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
