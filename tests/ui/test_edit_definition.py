"""Editing the definition of a VM by keys."""

from pathlib import Path

import pytest
from textual.widgets import TextArea

from tests.ui.one_page import until
from tests.ui.vms_screen import WEB, app_of, read, room_of, sees
from tui.launch.screens import view
from tui.launch.screens.definition import DefinitionEditor
from tui.ui.question import Question


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(view, "POLL_EVERY_S", 0.2)
    monkeypatch.setattr(view, "ADDRESSES_EVERY_S", 0.2)
    monkeypatch.setattr(view, "OFFER_RETRY_S", 0.2)


async def test_e_edits_the_definition_of_a_vm_that_is_off(tmp_path: Path) -> None:
    room = room_of()
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "nothing known blocks it")
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, DefinitionEditor))
        assert "Definition of guest1 on source" in read(app)
        assert "Ctrl+s changes the VM" in read(app)
        area = app.screen.query_one(TextArea)
        area.text = area.text.replace("<vcpu>2<", "<vcpu>3<")
        await pilot.press("ctrl+s")
        await sees(pilot, app, "The definition of guest1 on source was changed.", "guest1 shut off on source 3 CPUs")
        assert "<vcpu>3<" in room.world.source.definitions["guest1"]
        (kept,) = (tmp_path / "vmlm" / "definitions").iterdir()
        assert "<vcpu>2<" in kept.read_text()


async def test_esc_asks_before_it_discards_changes() -> None:
    room = room_of()
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "nothing known blocks it")
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, DefinitionEditor))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.page)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, DefinitionEditor))
        await pilot.press("x", "escape")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, DefinitionEditor))
        assert app.screen.query_one(TextArea).text.startswith("x")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "This is not XML" in read(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("y")
        await until(pilot, lambda: app.screen is app.page)
        assert "define" not in room.world.source.calls


async def test_a_running_vm_is_not_edited_and_the_key_says_why() -> None:
    app = app_of(room_of(WEB).world)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await sees(pilot, app, "web running on destination")
        await pilot.press("down", "e")
        await until(pilot, lambda: any("when it is shut off" in note.message for note in app._notifications))
        assert app.screen is app.page
