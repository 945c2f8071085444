"""The rate of a workload as its own newest line has it, whatever the workload: a key that ends with _per_s."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tui.guest.model.workload import parse_values

PER_S = "_per_s"
MIB_S = "MiB/s"


@dataclass(frozen=True)
class Glance:
    """The newest lines of a program in the guest, the newest last; both empty where nothing runs."""

    name: str = ""
    lines: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        return self.lines[-1] if self.lines else ""

    def after(self, known: str) -> tuple[str, ...]:
        """The lines behind the one that is known; where that has gone by, all but the first, which may be cut."""
        if known in self.lines:
            return self.lines[len(self.lines) - self.lines[::-1].index(known) :]
        return self.lines[1:] or self.lines

    @property
    def values(self) -> Mapping[str, str]:
        return parse_values(self.line)


def parse_glance(text: str) -> Glance:
    """What the glance script of backend.guest printed: a word and its value on each line."""
    facts = [line.partition(" ")[::2] for line in text.splitlines()]
    return Glance(dict(facts).get("name", ""), tuple(value for word, value in facts if word == "line"))


def rate_of(values: Mapping[str, str]) -> tuple[float, str] | None:
    """The rate and its unit: (610.5, "MiB/s"), (61234567.0, "additions/s"); None where the line has none."""
    for name in values:
        rate = number_of(values, name)
        if name.endswith(PER_S) and rate is not None:
            unit = name.removesuffix(PER_S)
            return rate, MIB_S if unit == "mib" else f"{unit}/s"
    return None


def number_of(values: Mapping[str, str], name: str) -> float | None:
    """The number of that name; None where there is none."""
    try:
        number = float(values.get(name, ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
