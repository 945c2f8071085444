"""The real process of the runner with a migration of a recording: `python -m tests.integration.staged_runner`.

The job is under way if a run is unfinished, as libvirt's daemon keeps it when a runner ends. It waits for post-copy.
"""

import sys

from tests.unit.fakes import Stage, connections, recording
from tests.unit.migration.stages import workload
from tests.unit.study.fake_guest import FakeGuest, tools_of
from tui.app import runner
from tui.app.wiring import Owned
from tui.core.protocols import ITERATION
from tui.core.settings import Config
from tui.migration.backend.owner import MigrationOwner
from tui.migration.backend.recorded import Recorded
from tui.migration.backend.unfinished import unfinished_runs
from tui.migration.model.record import Event
from tui.study.backend.service import Studies

COMMAND = (sys.executable, "-m", "tests.integration.staged_runner")


def create(config: Config, recorded: Recorded) -> Owned:
    """What the runner owns: the recorded migration."""
    stage = Stage(recording("post-copy-by-hand"))
    if unfinished_runs(config.runs.folder):
        stage.begin()
        stage.play(lambda each: isinstance(each, Event) and each.kind == ITERATION and each.data["iteration"] == 2)
    found = connections(stage)
    owner = MigrationOwner(found, stage.open, config.runs.folder, 0.01, workload, recorded=recorded)
    runs = config.runs.folder
    return Owned(owner, Studies(tools_of(owner, found, FakeGuest(), runs), config, runs.parent / "studies"))


if __name__ == "__main__":
    sys.exit(runner.main(create))
