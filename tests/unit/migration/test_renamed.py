"""A VM that gets another name on the destination."""

from dataclasses import replace
from pathlib import Path

from tests.unit.fakes import Stage, recording
from tests.unit.migration.stages import app, end_of, summary
from tui.core.plan import Plan


class Renaming(Stage):
    """The VM arrives under another name."""

    def finish(self, outcome: str) -> None:
        super().finish(outcome)
        self.vms[self.target] = {"guest2": replace(self.vm, name="guest2")}


async def test_a_renamed_vm_is_found_by_its_new_name_and_the_options_are_recorded(tmp_path: Path) -> None:
    migrations = app(Renaming(recording("pre-copy-idle")), tmp_path / "runs")
    migration = await migrations.start(Plan("guest1", dname="guest2", comp_methods="xbzrle"))
    ended = await end_of(migration)
    assert ended.timeline.verified == (True, "guest1 runs on destination as guest2 and is gone from source.")
    kept = summary(migration.folder)
    assert (kept["options"]["dname"], kept["options"]["comp_methods"]) == ("guest2", "xbzrle")
    assert "persistent" not in kept["options"]
