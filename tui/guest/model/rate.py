"""The rate of a workload, read from its newest line of output: the first key that ends with _per_s."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from tui.guest.model.workload import number_of, parse_values

PER_S = "_per_s"
MIB_S = "MiB/s"

BASELINE_S = 10.0  # before a migration: over so long the rate is what it is compared with
LEAST_LINES = 3


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


def rate_before(output: NewestOutput, ago_s: float) -> float | None:
    """The median rate of the last BASELINE_S until `ago_s` before the newest line; None if too few lines have one."""
    newest, rates = number_of(output.values, "seconds"), list[float]()
    for line in output.lines[1:]:  # the first one may be cut
        values = parse_values(line)
        rate, seconds = rate_of(values), number_of(values, "seconds")
        if rate is None or seconds is None or newest is None:
            continue
        if ago_s < newest - seconds <= ago_s + BASELINE_S:  # a workload that was restarted counts from 0 again
            rates.append(rate[0])
    return median(rates) if len(rates) >= LEAST_LINES else None


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
