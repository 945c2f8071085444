"""A forecast value with its interval."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

SHARE = 0.8  # of the outcomes are expected within an interval


@dataclass(frozen=True)
class Interval:
    """The likely value, and the bounds within which SHARE of the outcomes are expected; infinite: it never ends."""

    low: float
    likely: float
    high: float

    @classmethod
    def exact(cls, value: float) -> "Interval":
        """A value that is known."""
        return cls(value, value, value)

    @classmethod
    def around(cls, likely: float, values: Iterable[float]) -> "Interval":
        """The likely value with the bounds of other ones."""
        every = [likely, *values]
        return cls(min(every), likely, max(every))

    def __add__(self, other: "Interval") -> "Interval":
        """The sum, with the sums of the bounds."""
        return Interval(self.low + other.low, self.likely + other.likely, self.high + other.high)

    def at(self, bound: str) -> float:
        """The value at a bound: "low", "likely" or "high"."""
        return {"low": self.low, "likely": self.likely, "high": self.high}[bound]

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def to_json(self) -> list[float | None]:
        """Low, likely, high; None for an infinite one, which JSON does not have."""
        return [each if math.isfinite(each) else None for each in (self.low, self.likely, self.high)]

    @classmethod
    def from_json(cls, values: object) -> "Interval":
        """The interval that `to_json` wrote; ValueError for anything else."""
        if not isinstance(values, list) or len(values) != 3:
            raise ValueError(f"{values!r} is not an interval")
        if not all(each is None or (isinstance(each, (int, float)) and not isinstance(each, bool)) for each in values):
            raise ValueError(f"{values!r} is not an interval")
        try:
            found = cls(*(math.inf if each is None else float(each) for each in values))
        except OverflowError as error:  # an integer of hundreds of digits
            raise ValueError(f"{values!r:.60} is not an interval") from error
        if not 0 <= found.low <= found.likely <= found.high:
            raise ValueError(f"the bounds of {values!r} do not ascend")
        return found
