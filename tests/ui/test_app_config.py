"""What the configuration changes in the app, and how it is edited there."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.fake_hosts import FakeHosts
from tests.ui.app_screen import EXAMPLE, fixing, opened
from tests.ui.one_page import until
from tui.app import edit_config
from tui.app.app import RELOAD
from tui.app.theme import CONTRAST, DARK, LIGHT, THEMES, theme_for


@pytest.fixture
def world(tmp_path: Path) -> FakeHosts:
    hosts = FakeHosts()
    hosts.runs_in(tmp_path)
    return hosts


# -- any terminal --


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
def test_a_theme_uses_the_terminals_own_colours(theme: Any) -> None:
    colours = [theme.primary, theme.secondary, theme.accent, theme.success, theme.warning, theme.error]
    colours += [theme.foreground, theme.background, theme.surface, theme.panel]
    assert all(colour.startswith("ansi_") for colour in colours)


@pytest.mark.parametrize(
    ("colorfgbg", "theme"),
    [("15;0", DARK), ("0;15", LIGHT), ("0;default;7", LIGHT), ("", DARK), ("nonsense", DARK)],
)
def test_the_theme_follows_the_background_in_colorfgbg(colorfgbg: str, theme: Any) -> None:
    assert theme_for({"COLORFGBG": colorfgbg} if colorfgbg else {}) is theme


@pytest.mark.parametrize(
    ("wanted", "theme"), [("auto", LIGHT), ("dark", DARK), ("light", LIGHT), ("contrast", CONTRAST)]
)
def test_the_configuration_chooses_the_theme(wanted: str, theme: Any) -> None:
    assert theme_for({"COLORFGBG": "0;15"}, wanted) is theme


async def test_only_the_designed_themes_are_offered(world: FakeHosts) -> None:
    async with opened(world) as (app, _pilot):
        assert set(app.available_themes) == set(THEMES)


# -- the configuration --


class Editor:
    """Replaces the editor of a person: writes `text` in place of the terminal's program."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
        self.text = text
        self.opened, self.closed = asyncio.Event(), asyncio.Event()
        self.closed.set()
        monkeypatch.setattr(edit_config, "in_terminal", self.edit)

    async def edit(self, _app: object, argv: Sequence[str], **_words: str) -> None:
        self.opened.set()
        await self.closed.wait()
        Path(argv[-1]).write_text(self.text)  # noqa: ASYNC240  # a file of the test


async def test_the_configuration_is_not_edited_while_the_hosts_are_changed(tmp_path: Path) -> None:
    async with fixing(tmp_path) as (app, pilot, lists):
        await pilot.press("escape", "C")
        await until(pilot, lambda: any("hosts are being changed" in each.message for each in app._notifications))
        assert app.return_value is None
        lists.machines["storage"].going_on.set()


async def test_an_edited_configuration_is_used_at_once(
    world: FakeHosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.toml"
    file.write_text("")
    async with opened(world) as (app, pilot):
        app.config_path = file
        Editor(monkeypatch, EXAMPLE)
        await pilot.press("C")
        await until(pilot, lambda: app.return_value == RELOAD)


async def test_the_app_handles_messages_while_the_configuration_is_edited(
    world: FakeHosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(world) as (app, pilot):
        app.config_path = tmp_path / "config.toml"
        editor, handled = Editor(monkeypatch, EXAMPLE), asyncio.Event()
        editor.closed.clear()
        await pilot.press("C")
        await until(pilot, editor.opened.is_set)
        app.call_later(handled.set)
        await until(pilot, handled.is_set)
        assert app.return_value is None
        editor.closed.set()
        await until(pilot, lambda: app.return_value == RELOAD)


async def test_a_mistake_in_the_edited_configuration_is_reported_and_not_used(
    world: FakeHosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.toml"
    file.write_text("")
    async with opened(world) as (app, pilot):
        app.config_path = file
        Editor(monkeypatch, EXAMPLE.replace("vcpus = 16", "vcpus = 0"))
        await pilot.press("C")
        await until(pilot, lambda: any("vcpus: 0 is not a whole number" in each.message for each in app._notifications))
        assert app.return_value is None


async def test_an_app_that_only_reads_does_not_edit_the_configuration(
    world: FakeHosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(world, read_only=True) as (app, pilot):
        app.config_path = tmp_path / "config.toml"
        Editor(monkeypatch, EXAMPLE)
        await pilot.press("C")
        await until(pilot, lambda: any("--read-only" in each.message for each in app._notifications))
        assert not app.config_path.exists()
