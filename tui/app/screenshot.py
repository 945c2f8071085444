"""Where the app's screenshots go: beside the run that is shown."""

from datetime import datetime, timezone
from pathlib import Path

from textual.app import App

from tui.app.svg import svg_of
from tui.core.failure import Failure
from tui.ui.page import Page


class SavesScreenshots(App[str]):
    """An app whose screenshots are files beside the run that its page shows, else in the folder of the runs."""

    @property
    def runs_folder(self) -> Path:
        """The folder of the runs."""
        raise NotImplementedError

    def deliver_screenshot(
        self,
        filename: str | None = None,
        path: str | None = None,
        time_format: str | None = None,  # noqa: ARG002  # Textual's; names sort by time
    ) -> str | None:
        """Save the picture and show its path; returns it, or None if it was not written."""
        run = self.screen.run_folder if isinstance(self.screen, Page) else None
        now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S%fZ")
        place = Path(path or run or self.runs_folder) / (filename or f"{self.current_mode}-{now}.svg")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(svg_of(self), encoding="utf-8")
        except OSError as error:
            failure = Failure(f"{place} was not written", error.strerror or str(error))
            self.notify(str(failure), markup=False, severity="error", timeout=15)
            return None
        self.notify(f"The picture is {place}.", markup=False, timeout=15)
        return str(place)
