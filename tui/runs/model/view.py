"""How the table of the Runs page is shown: its columns in their order, and what the runs are sorted by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tui.runs.model.table import ALL

BY_NAME = {column.name: column for column in ALL}
BEGAN = BY_NAME["began"]
ON_SCREEN = (
    "began", "vm", "workload", "technique", "from", "to", "outcome", "total", "downtime", "network", "guest", "sent",
    "passes", "faults", "libvirt", "qemu", "tags", "marks", "note",
)  # fmt: skip


@dataclass(frozen=True)
class View:
    """No `columns`: the usual ones, as far as something is known and the width allows; `sort` names a column."""

    columns: tuple[str, ...] = ()
    sort: str = BEGAN.name
    reverse: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """The columns in their order."""
        return self.columns or ON_SCREEN

    def with_columns(self, names: Sequence[str]) -> "View":
        """The same order of the runs with these columns."""
        return replace(self, columns=() if tuple(names) == ON_SCREEN else tuple(names))

    def sorted_by(self, name: str) -> "View":
        """Sorted by a column, the newest run first; the column that sorts already is reversed."""
        reverse = not self.reverse if name == self.sort else name == BEGAN.name
        return replace(self, sort=name, reverse=reverse)

    @property
    def table(self) -> dict[str, Any]:
        """The view as it is kept in a file."""
        return {"columns": list(self.columns), "sort": self.sort, "reverse": self.reverse}


USUAL_VIEW = View()


def parse_view(found: object) -> View:
    """A kept view without the columns that this version does not have; ValueError if it is none."""
    if not isinstance(found, Mapping):
        raise ValueError("it is not a JSON object")
    columns, sort, reverse = found.get("columns", []), found.get("sort", BEGAN.name), found.get("reverse", True)
    if not isinstance(columns, list) or not isinstance(sort, str) or not isinstance(reverse, bool):
        raise ValueError("it does not name columns")
    known = [name for name in columns if isinstance(name, str) and name in BY_NAME]
    view = View().with_columns(tuple(dict.fromkeys(known)))
    return replace(view, sort=sort, reverse=reverse) if sort in BY_NAME else view
