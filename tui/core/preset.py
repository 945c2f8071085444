"""Presets: the options of a migration under a name, [technique."fast lan"] in config.toml."""

from collections.abc import Mapping
from dataclasses import dataclass, field, make_dataclass
from typing import Annotated, Any

from tui.core import schema
from tui.core import schema_kinds as kinds
from tui.core.failure import Failure
from tui.core.migration_defaults import MigrationDefaults
from tui.core.virsh_options import BYTES, MIB_S, OPTIONS, Option


def kind_of(option: Option) -> schema.Kind:
    """The values that an option of virsh has in a TOML file."""
    if option.is_flag:
        return kinds.yes_or_no()
    if option.unit == BYTES:
        return kinds.size(option.least, option.most)
    if option.unit == MIB_S:
        return kinds.rate(option.most)
    if option.is_number:
        return kinds.whole(option.least, option.most)
    return kinds.text(option.expected or "a text", lambda text: bool(text) and option.fits(text))


def _field(option: Option) -> tuple[str, Any, Any]:
    return option.name, Annotated[type(option.usual), kind_of(option)], field(default=option.usual)


# Values that are not given are the usual ones, not those of [migration], so that a preset always means the same.
# A file with the XML of one VM is none of its keys.
KEYS = [each for each in OPTIONS if not each.is_file]
Preset = make_dataclass("Preset", map(_field, KEYS), bases=(MigrationDefaults,), frozen=True)

NAME = kinds.text(
    "a name for a preset: up to 40 letters",
    lambda text: text.strip() == text != "" and text.isprintable() and len(text) <= 40,
)


@dataclass(frozen=True)
class Presets:
    """The presets by name; each has the method `plan`."""

    named: Annotated[Mapping[str, MigrationDefaults], schema.NamedTables(Preset, NAME)] = field(default_factory=dict)

    def get(self, name: str) -> MigrationDefaults:
        """The preset of that name; Failure if there is none."""
        if name not in self.named:
            hint = f"The presets are {', '.join(self.named)}." if self.named else 'Add [technique."NAME"] to it.'
            raise Failure(f"There is no preset {name!r} in the configuration", "", hint)
        return self.named[name]
