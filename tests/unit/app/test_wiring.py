"""What the rooms of the app know of each other."""

from pathlib import Path

import pytest

from tests.unit.app.configurations import MINIMAL
from tui.app.app import VmlmApp
from tui.app.config import load
from tui.app.wiring import wire
from tui.forecast.backend.forecaster import Forecaster
from tui.migration.screens.page import MigratePage
from tui.runs.model.view import View


def test_the_migrate_page_knows_the_workloads_of_the_launch_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = tmp_path / "config.toml"
    path.write_text(MINIMAL)
    backend = wire(load(path), path)
    assert backend.migrations._workload == backend.launch.workloads.known


async def test_the_columns_of_the_runs_page_are_kept_in_the_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = tmp_path / "config.toml"
    path.write_text(MINIMAL)
    await wire(load(path), path).runs.view.keep(View(("vm",)))
    assert await wire(load(path), path).runs.view.read() == View(("vm",))
    assert [each.name for each in (tmp_path / "vmlm").iterdir()] == ["runs-page.json"]


def test_the_form_of_a_migration_measures_the_configured_hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = tmp_path / "config.toml"
    path.write_text(MINIMAL)
    backend = wire(load(path), path)
    page = VmlmApp(load(path), path, backend)._create_page("migrate")
    assert isinstance(backend.forecaster, Forecaster)
    assert isinstance(page, MigratePage)
    assert page._forecaster is backend.forecaster
