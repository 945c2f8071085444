"""The rate of a workload, read from its newest line of output: the first key that ends with _per_s."""

from collections.abc import Mapping
from dataclasses import dataclass

from tui.guest.model.workload import number_of, parse_values

PER_S = "_per_s"
MIB_S = "MiB/s"


@dataclass(frozen=True)
class NewestOutput:
    """The name of the program in the guest and its newest lines, the newest last; both empty if nothing runs."""

    name: str = ""
    lines: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The newest line, "" if there is none."""
        return self.lines[-1] if self.lines else ""

    def after(self, known: str) -> tuple[str, ...]:
        """The lines after `known`; if that is no longer among them, all but the first, which may be cut."""
        if known in self.lines:
            return self.lines[len(self.lines) - self.lines[::-1].index(known) :]
        return self.lines[1:] or self.lines

    @property
    def values(self) -> Mapping[str, str]:
        """The key=value pairs of the newest line."""
        return parse_values(self.line)


def parse_newest_output(text: str) -> NewestOutput:
    """Parses the output of backend.guest's NEWEST_OUTPUT script: a word and its value on each line."""
    facts = [line.partition(" ")[::2] for line in text.splitlines()]
    return NewestOutput(dict(facts).get("name", ""), tuple(value for word, value in facts if word == "line"))


def rate_of(values: Mapping[str, str]) -> tuple[float, str] | None:
    """The rate and its unit: (610.5, "MiB/s"), (61234567.0, "additions/s"); None if the line has no rate."""
    for name in values:
        rate = number_of(values, name)
        if name.endswith(PER_S) and rate is not None:
            unit = name.removesuffix(PER_S)
            return rate, MIB_S if unit == "mib" else f"{unit}/s"
    return None
