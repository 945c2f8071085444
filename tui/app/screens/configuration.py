"""The form that writes a first configuration: the required keys, and those whose default rarely fits."""

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Input, Static

from tui.app import config as configuration
from tui.core.failure import Failure
from tui.core.schema import Problem
from tui.core.settings import DESTINATION, SOURCE, Config, Storage
from tui.ui.form import Form, enter, row, text_field


@dataclass(frozen=True)
class Field:
    """One line of the form, with its table and key in the file."""

    id: str
    label: str
    table: str
    key: str
    about: str
    proposed: str = ""


FIELDS = (
    Field("source", "source", "hosts.source", "ssh", "The ssh address of this host for the other hosts."),
    Field("destination", "destination", "hosts.destination", "ssh", "The ssh address of the host the VM moves to."),
    Field("storage", "storage", "hosts.storage", "ssh", "The ssh address of the NFS server. Empty if there is none."),
    Field(
        "images", "storage folder", "storage", "images", "The folder of the images on that server.", Storage().images
    ),
    Field("vm", "VM", "vm", "name", "The name of the VM in libvirt."),
    Field("guest", "VM by ssh", "vm", "ssh", "The ssh address of the VM, for workloads only. Optional."),
)


class ConfigurationForm(Form[Config]):
    """Returns the configuration once it is written, None after Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [enter("write")]
    DEFAULT_CSS = """
    ConfigurationForm .mark { width: 2; text-style: bold; }
    ConfigurationForm .label { width: 16; }
    ConfigurationForm #about { margin: 1 0; }
    ConfigurationForm .row.wrong .mark { color: $error; }
    """

    def __init__(self, path: Path) -> None:
        super().__init__("Your own hosts")
        self._path = path
        self._edited: set[str] = set()

    def fields(self) -> ComposeResult:
        yield Static(
            Content(
                "An ssh address is [USER@]HOST[:PORT] or a name of ~/.ssh/config. If ssh still asks for a password, "
                "l on the Hosts page sets up a key."
            )
        )
        yield Static()
        for field in FIELDS:
            value = f"root@{platform.node()}" if field.id == "source" else field.proposed
            yield row(field.label, text_field(field.id, value), marked=True)
        yield Static(id="about", markup=False)

    def on_mount(self) -> None:
        self.query_one("#source", Input).focus()

    # -- while it is filled in --

    def on_descendant_focus(self) -> None:
        self._show_problems()

    def on_input_changed(self, message: Input.Changed) -> None:
        if message.input.id and message.input.has_focus:
            self._edited.add(message.input.id)
        self._show_problems()

    def _tables(self) -> dict[str, Any]:
        """The TOML tables of the file, without empty fields."""
        tables: dict[str, Any] = {"hosts": {name: {} for name in (SOURCE, DESTINATION)}, "vm": {}}
        for field in FIELDS:
            value = self.text(field.id).strip()
            if value:
                inner = tables
                for name in field.table.split("."):
                    inner = inner.setdefault(name, {})
                inner[field.key] = value
        return tables

    def _show_problems(self) -> None:
        """Mark the edited fields that are invalid, and explain the focused one."""
        _, problems = configuration.check(self._tables())
        wrong = {field.id: problem for problem in problems if (field := _field(problem))}
        for field in FIELDS:
            row, is_wrong = self.query_one(f"#row-{field.id}"), field.id in wrong and field.id in self._edited
            row.set_class(is_wrong, "wrong")
            row.query_one(".mark", Static).update("! " if is_wrong else "")
        current = next((field for field in FIELDS if self.query_one(f"#{field.id}").has_focus), FIELDS[0])
        self.query_one("#about", Static).update(current.about)
        if current.id in self._edited and current.id in wrong:
            self.show_message(_sentence(wrong[current.id]), wrong=True)
        else:
            self.show_message(f"Enter writes {self._path}")

    # -- when it is done --

    def entered(self) -> None:
        config, problems = configuration.check(self._tables())
        if config is None:
            self._edited = {field.id for field in FIELDS}
            first = next((field for field in FIELDS for problem in problems if _field(problem) is field), FIELDS[0])
            self.query_one(f"#{first.id}", Input).focus()
            self._show_problems()
            return
        configuration.create(config, self._path)
        self.dismiss(config)


def _field(problem: Problem) -> Field | None:
    return next((each for each in FIELDS if (each.table, each.key) == (problem.table, problem.key)), None)


def _sentence(problem: Problem) -> str:
    field = _field(problem)
    return str(Failure(field.label if field else problem.place, problem.why, problem.hint))
