"""Units of systemd, as `systemctl show` tells them."""

from dataclasses import dataclass

from tui.linux.change import Move, reversible

PROPERTIES = "Id,Names,LoadState,ActiveState,SubState,UnitFileState"


@dataclass(frozen=True)
class Unit:
    """One unit; `file` is how it starts with the host: enabled, disabled, static, masked."""

    name: str
    load: str
    active: str
    sub: str = ""
    file: str = ""

    @property
    def exists(self) -> bool:
        return self.load not in ("not-found", "")

    @property
    def masked(self) -> bool:
        return self.load == "masked" or self.file.startswith("masked")

    @property
    def enabled(self) -> bool:
        """Whether it comes up by itself; what nobody can enable is brought up by another."""
        return self.file in ("enabled", "enabled-runtime", "static", "alias", "indirect", "generated")


def parse_units(text: str) -> tuple[Unit, ...]:
    """What `systemctl show -p PROPERTIES UNIT...` printed: a block a unit, in the order of the question."""
    found = []
    for block in text.strip().split("\n\n"):
        values = dict(line.partition("=")[::2] for line in block.splitlines())
        if "Id" in values:
            found.append(
                Unit(
                    values["Id"],
                    values.get("LoadState", ""),
                    values.get("ActiveState", ""),
                    values.get("SubState", ""),
                    values.get("UnitFileState", ""),
                )
            )
    return tuple(found)


def systemctl(host: str, do: str, unit: str, undo: str) -> Move:
    """A verb of systemctl for a unit, and the verb that takes it back."""
    return reversible(host, ("systemctl", do, unit), ("systemctl", undo, unit))


def unit_named(units: tuple[Unit, ...], name: str) -> Unit | None:
    """The unit of that name where the host has it."""
    return next((unit for unit in units if unit.name == name and unit.exists), None)
