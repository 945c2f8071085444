"""The app in its terminal: `python -m tests.integration.ended_app FOLDER`.

Its migration runs to the end on SIGUSR1. Then it writes a word to the pipe `played` of the folder, if there is one.
"""

import asyncio
import signal
import sys
from pathlib import Path

from tests.fake_hosts import FakeHosts
from tests.long_run import long_run
from tests.ui.replay import ReplayedMigration, ReplayedMigrations
from tests.ui.study_screen import FakeRunner, studies_of
from tui.app import terminal
from tui.app.app import VmlmApp
from tui.app.wiring import Backend
from tui.hosts.backend.hosts import Hosts
from tui.launch.backend.launch import Launch
from tui.migration.model.record import Record
from tui.nfs.backend.nfs import Nfs
from tui.runs.backend.runs import Runs

PASSES = 40  # each has a title of its own, and the queue of Textual's driver has 30 places


def records() -> list[Record]:
    """A migration of so many passes."""
    first, *others = long_run(3 * PASSES, probes=False)
    return [first._replace(data={**first.data, "timeout_s": None}), *others]  # type: ignore[list-item]


class EndedApp(VmlmApp):
    """Plays the migration to its end when it gets SIGUSR1."""

    def on_ready(self) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self.run_worker, self._play)

    async def _play(self) -> None:
        migration = self.backend.migrations.current
        assert isinstance(migration, ReplayedMigration)
        while not migration.timeline.over:
            migration.step()
            shown = asyncio.Event()
            self.call_later(shown.set)  # after what the record has called
            await shown.wait()
        played = self.config_path.with_name("played")
        if played.is_fifo():
            played.write_text("played")


def create(folder: Path) -> EndedApp:
    world, migrations = FakeHosts(), ReplayedMigrations()
    world.runs_in(folder)
    migrations.running = ReplayedMigration(records())
    migrations.running.play(lambda timeline: timeline.iteration == 2)
    connections, changes, runs = world.connections, world.changes, world.config.runs.folder
    others = Launch(connections, changes.sudo), Runs(runs), studies_of(FakeRunner(None), runs)
    backend = Backend(migrations, Hosts(connections, changes), Nfs(connections, changes), *others)  # type: ignore[arg-type]
    app = EndedApp(world.config, folder / "config.toml", backend)
    app.sub_title = "source"
    return app


if __name__ == "__main__":
    here = Path(sys.argv[1])
    sys.exit(terminal.run(lambda: create(here), here / "app.log")[1])
