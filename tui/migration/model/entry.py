"""The number fields of the forms: parse what a person types, or refuse it with what is expected."""

from collections.abc import Callable
from dataclasses import dataclass

from tui.core.quantity import MIB, parse_rate, parse_seconds, parse_size

SHOWN = 30  # characters of the input that a refusal repeats


@dataclass(frozen=True)
class Entry:
    """One kind of field: `parse` reads a number with a unit and returns it in the unit of the field.

    A number without a unit is in the field's unit, if `bare` allows it.
    """

    name: str
    least: float
    most: float
    expected: str
    parse: Callable[[str], float]
    whole: bool = True  # fractions are rounded down, but never to 0, which may have another meaning
    bare: bool = True  # the unit may be omitted

    def read(self, text: str) -> float:
        """The number; ValueError with the sentence of the refusal otherwise."""
        typed = text.strip()
        try:
            value = float(typed) if self.bare and typed.isascii() and typed.isdecimal() else self.parse(typed)
        except ValueError as error:
            raise self._refusal(typed) from error
        if not (self.least <= value <= self.most) or (self.whole and 0 < value < 1):
            raise self._refusal(typed)
        return value

    def read_whole(self, text: str) -> int:
        """The number, rounded down."""
        return int(round(self.read(text), 6))  # 1.001 s are 1000.9999999999999 ms

    def _refusal(self, typed: str) -> ValueError:
        if not typed:
            return ValueError(f"Nothing was entered for {self.name}. Expected: {self.expected}.")
        shown = typed if len(typed) <= SHOWN else f"{typed[:SHOWN]}..."
        return ValueError(f'"{shown}" is not {self.name}. Expected: {self.expected}.')


def _bare(text: str) -> float:
    raise ValueError(text)


def _milliseconds(text: str) -> float:
    return parse_seconds(text) * 1000


def _mib_per_s(text: str) -> float:
    return parse_rate(text) / MIB


def _mib(text: str) -> float:
    return parse_size(text) / MIB


def _seconds(text: str) -> float:
    return parse_seconds(text if text[-1:].isalpha() else f"{text} s")


# The limits are the same as for the configuration's keys.
DOWNTIME = Entry(
    "a maximum downtime",
    1,
    2_000_000,  # QEMU's limit is 2000 s
    'a time from 1 ms to 2000 s: whole milliseconds such as 300, or with its unit, such as "1.5 s"',
    _milliseconds,
)
BANDWIDTH = Entry(
    "a bandwidth limit",
    0,
    1_000_000,
    'a rate from 1 to 1000000 MiB/s: whole MiB/s such as 100, or with its unit, such as "1 Gbit/s"; 0 means no limit',
    _mib_per_s,
)
TIMEOUT = Entry("a timeout", 0.1, 86_400, 'a time from 0.1 s to 24 h, such as 25 or "2 min"', _seconds, whole=False)
TOTAL = Entry(
    "a longest total time",
    0,
    86_400,
    'a time up to 24 h, such as 60 or "2 min"; 0 means no limit',
    _seconds,
    whole=False,
)
PARALLEL = Entry(
    "a number of parallel connections",
    0,
    255,  # QEMU's multifd-channels is one byte
    "a whole number from 1 to 255, or 0 for a single connection",
    _bare,
)
MOST = 2**53  # floats represent every whole number up to here
# The caller checks the limits of these, which depend on the VM and the image.
THREADS = Entry("a number of threads", 0, MOST, "a whole number", _bare)
WORKING_SET = Entry("a size in MiB", 0, MOST, "a whole number, or a size with its unit", _mib)
WRITE_RATE = Entry("a rate in MiB/s", 0, 1_000_000, "a whole number up to 1000000, or a rate with its unit", _mib_per_s)
VCPUS = Entry("a number of vCPUs", 0, MOST, "a whole number", _bare)
MEMORY = Entry("an amount of memory", 0, MOST, "a size such as 8 GiB or 512 MiB", parse_size, bare=False)
DISK = Entry("the size of a disk", 0, MOST, "a size such as 8 GiB or 512 MiB", parse_size, bare=False)
