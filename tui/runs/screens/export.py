"""The dialog that writes runs to a file: the format, the file, and what became of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Input, Static

from tui.core.failure import Failure, WrongField
from tui.core.plain_text import plain
from tui.core.threads import on_thread
from tui.runs.backend.export import Exists, Export, Kind, Stopped, kinds_of
from tui.runs.model.run import Run
from tui.ui.choice import Choice
from tui.ui.form import Form, enter, row, text_field

PROGRESS_EVERY_S = 0.25


class ExportDialog(Form[None]):
    """Stays open until the file is written; Esc closes it, and no file is written."""

    BINDINGS: ClassVar[list[BindingType]] = [enter("write")]
    DEFAULT_CSS = """
    ExportDialog #about { margin-bottom: 1; }
    ExportDialog #where { margin: 1 0; }
    """

    def __init__(self, runs: Sequence[Run], which: str) -> None:
        super().__init__("Export or report")
        self._runs = runs
        self._which = which
        self._kinds = kinds_of(runs)
        self._kind = self._kinds[0]
        self._folder = _here()
        self._proposed = str(self._folder / self._kind.name)
        self._export: Export | None = None
        self._agreed: Path | None = None  # the existing file that the next Enter replaces
        self._written: tuple[Path, Kind] | None = None  # while they are in the fields, Enter closes

    def fields(self) -> ComposeResult:
        yield Static(Content(self._which), id="about")
        yield row("format", Choice([each.label for each in self._kinds], id="format", changed=self._choose))
        yield row("file", text_field("file", self._proposed))
        yield Static(id="where", markup=False)

    def on_mount(self) -> None:
        self._show_where()
        self.set_interval(PROGRESS_EVERY_S, self.guarded(self._show_progress))

    def on_unmount(self) -> None:
        if self._export is not None:
            self._export.stop()

    def _choose(self) -> None:
        """Propose the file of another format; of a name that was typed only the ending changes."""
        old, self._kind = self._kind, self._kinds[self.query_one("#format", Choice).index]
        field = self.query_one("#file", Input)
        if field.value == self._proposed:
            field.value = self._proposed = str(self._folder / self._kind.name)
        elif field.value.endswith(Path(old.name).suffix):
            field.value = field.value.removesuffix(Path(old.name).suffix) + Path(self._kind.name).suffix
        self._begin_again()

    def on_input_changed(self) -> None:
        self._begin_again()

    def _begin_again(self) -> None:
        """Forget what was agreed and written: the format or the name has changed."""
        if self._export is None:
            self._agreed = self._written = None
            self.show_message("")
        self._show_where()

    def _show_where(self) -> None:
        try:
            path = self._path()
        except Failure:
            text = "The file has no name yet."
        else:
            closes = self._written == (path, self._kind)
            text = "Enter closes this dialog." if closes else f"It will be written to {plain(str(path))}"
        self.query_one("#where", Static).update(text)

    def _path(self) -> Path:
        """The absolute path that was typed; WrongField if there is none."""
        try:
            path = self._folder / Path(self.text("file").strip()).expanduser()
        except (RuntimeError, ValueError) as error:
            raise WrongField("file", str(error)) from error
        if path == self._folder or "\0" in str(path):
            raise WrongField("file", "type the name of a file")
        return path

    def entered(self) -> None:
        path = self._path()
        if self._written == (path, self._kind):
            self.dismiss(None)
        elif self._export is None:
            self._export = Export(self._runs, self._kind, path, replace=path == self._agreed)
            self._show_progress()
            self._write(self._export, path, self._kind)

    @work(name="export")
    async def _write(self, export: Export, path: Path, kind: Kind) -> None:
        """Write on a thread, so that keys are handled meanwhile."""
        try:
            written = await on_thread(export.write)
        except Exists as failure:
            self._export, self._agreed = None, path
            self.show_message(f"{plain(str(failure))} Enter again replaces it; or type another name.", wrong=True)
        except Failure as failure:
            self._export = None
            self.show_message(plain(str(failure)), wrong=True)
        except Stopped:
            self._export = None
        else:
            self._export, self._written = None, (path, kind)
            self._show_where()
            self.show_message(plain(" ".join((written.sentence, *written.unread))))

    def _show_progress(self) -> None:
        if self._export is not None:
            self.show_message(f"{self._export.doing} ... Esc leaves, and no file is written.")


def _here() -> Path:
    """The folder in which the app was started; the home folder if it is gone."""
    try:
        return Path.cwd()
    except OSError:
        return Path.home()
