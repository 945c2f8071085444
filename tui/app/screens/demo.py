"""The demo: an app with one page, the replay of the recording that comes with the program."""

import tempfile
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen

from tui.app.app import VmlmApp
from tui.runs.backend.reading import RunReader, open_run
from tui.runs.backend.runs import Runs
from tui.runs.screens.replay import ReplayPage
from tui.ui.lines import Lines

RECORDING = Path(__file__).parents[1] / "recording"  # a real migration of the lab, as it was recorded
NOTICE = "A recording of a real migration. The demo contacts no host."


class DemoPage(ReplayPage):
    """Replays the recording; it has no other pages beside it."""

    DEFAULT_CSS = """
    DemoPage > Tabs { display: none; }
    DemoPage > #notice { dock: top; }
    """
    HELP = (
        "The Migrate page during a migration that was recorded in the lab. The bar: | where a pass began, S where "
        "post-copy began; a click on it goes there. Nothing here acts on a VM."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace,q", "back", "quit", key_display="q", tooltip="Quit the demo", id="replay.back"),
    ]

    def __init__(self, folder: Path = RECORDING) -> None:
        super().__init__(Runs(folder.parent), open_run(RunReader(folder.parent).read(folder)))

    @property
    def run_folder(self) -> Path:
        """Where a screenshot is saved: the recording may be in a folder of the system."""
        return Path(tempfile.gettempdir())

    def body(self) -> ComposeResult:
        """What this is, then the replay."""
        notice = Lines(id="notice")
        notice.show(Content.assemble(" ", ("vmlm-tui demo", "bold"), f"  {NOTICE}"))
        yield notice
        yield from super().body()

    @cached_property
    def _keys(self) -> dict[str, str]:
        """Those of this page alone: the other pages are not there, so sentences name them in words."""
        return {id: key for id, key in super()._keys.items() if not id.startswith("app.")}

    def action_back(self) -> None:
        """Show all charts and all of the time again, then quit."""
        if not self.undo_view():
            self.app.exit()


class DemoApp(VmlmApp):
    """The app without hosts: its first page is the demo."""

    def __init__(self) -> None:
        super().__init__(None, Path())

    def _create_first(self) -> Screen[None]:
        return DemoPage()
