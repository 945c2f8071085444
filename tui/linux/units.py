"""Units of systemd, from `systemctl show`."""

from dataclasses import dataclass

from tui.linux.change import Move, reversible

PROPERTIES = "Id,LoadState,ActiveState,UnitFileState"


@dataclass(frozen=True)
class Unit:
    """One unit; `file` is its UnitFileState, such as enabled, disabled, static or masked."""

    name: str
    load: str
    active: str
    file: str = ""

    @property
    def exists(self) -> bool:
        """Whether the host has the unit."""
        return self.load not in ("not-found", "")

    @property
    def masked(self) -> bool:
        """Whether it is masked."""
        return self.load == "masked" or self.file.startswith("masked")

    @property
    def enabled(self) -> bool:
        """Whether it starts with the host; true also for units that can't be enabled, because others start them."""
        return self.file in ("enabled", "enabled-runtime", "static", "alias", "indirect", "generated")


def parse_units(text: str) -> tuple[Unit, ...]:
    """The units from the output of `systemctl show -p PROPERTIES UNIT...`, in the order of the arguments."""
    found = []
    for block in text.strip().split("\n\n"):
        values = dict(line.partition("=")[::2] for line in block.splitlines())
        if "Id" in values:
            states = (values.get(key, "") for key in ("LoadState", "ActiveState", "UnitFileState"))
            found.append(Unit(values["Id"], *states))
    return tuple(found)


def systemctl(host: str, do: str, unit: str, undo: str) -> Move:
    """A verb of systemctl for a unit, undone by the verb `undo`."""
    return reversible(host, ("systemctl", do, unit), ("systemctl", undo, unit))


def unit_named(units: tuple[Unit, ...], name: str) -> Unit | None:
    """The unit of that name; None if the host does not have it."""
    return next((unit for unit in units if unit.name == name and unit.exists), None)
