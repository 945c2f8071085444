"""What the rooms of the app know of each other."""

from pathlib import Path

import pytest

from tests.unit.app.configurations import MINIMAL
from tui.app.config import load
from tui.app.wiring import wire


def test_the_migrate_page_knows_the_workloads_of_the_launch_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = tmp_path / "config.toml"
    path.write_text(MINIMAL)
    backend = wire(load(path), path)
    assert backend.migrations._workload == backend.launch.workloads.known
