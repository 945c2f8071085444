"""The app's screenshots: beside the run that is shown, with their path on the screen."""

import shutil
from pathlib import Path

from tests.ui.one_page import until
from tui.app.screens.demo import RECORDING
from tui.app.screens.shot import ShotApp
from tui.app.svg import svg_of
from tui.app.theme import LIGHT
from tui.runs.backend.reading import RunReader, open_run
from tui.runs.screens.still import StillPage


def app_of(folder: Path) -> ShotApp:
    """An app that shows the run in a folder."""
    opened = open_run(RunReader(folder.parent).read(folder))
    return ShotApp(StillPage(opened, opened.timeline, opened.timeline.now))


def messages(app: ShotApp) -> str:
    """The notifications, one a line."""
    return "\n".join(each.message for each in app._notifications)


async def test_a_screenshot_is_saved_beside_the_run_and_its_path_is_shown(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "20261129T144141Z-guest1"
    shutil.copytree(RECORDING, folder)
    app = app_of(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        place = app.deliver_screenshot()
        await until(pilot, lambda: f"The picture is {place}." in messages(app))
    assert [each.suffix for each in folder.iterdir() if str(each) == place] == [".svg"]


async def test_a_screenshot_that_cannot_be_saved_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    app = app_of(RECORDING)
    async with app.run_test(size=(80, 24)) as pilot:
        assert app.deliver_screenshot(path=str(tmp_path / "file")) is None
        await until(pilot, lambda: "was not written: " in messages(app))


async def test_a_picture_in_the_light_theme_has_a_light_background() -> None:
    app = app_of(RECORDING)
    async with app.run_test(size=(80, 24)):
        dark = svg_of(app)
        app.register_theme(LIGHT)
        app.theme = LIGHT.name
        light = svg_of(app)
    assert ("#292929" in dark, "#ffffff" in dark) == (True, False)
    assert ("#292929" in light, "#c5c8c6" in light, 'fill="#ffffff"' in light) == (False, False, True)
