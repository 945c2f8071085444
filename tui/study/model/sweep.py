"""A key of a plan file that takes one value, or a list of values that are all measured."""

from typing import Any

from tui.core import schema
from tui.core.schema import Kind

MOST_VALUES = 50  # of one list


def sweep(kind: Kind) -> Kind:
    """One value, or a list of different values: each is measured."""

    def read_all(value: object) -> tuple[Any, ...]:
        values = value if isinstance(value, list) else [value]
        if not 1 <= len(values) <= MOST_VALUES:
            raise ValueError(f"A list has 1 to {MOST_VALUES} values.")
        read = []
        for each in values:
            try:
                read.append(kind.read(each))
            except ValueError as error:
                which = f"{schema.shown(each)} is wrong. " if isinstance(value, list) else ""
                raise ValueError(f"{which}{error}".strip()) from error
            if read[-1] in read[:-1]:
                raise ValueError(f"{schema.shown(each)} is in the list twice.")
        return tuple(read)

    return Kind(f"{kind.expected}, or a list of such", read_all, list, kind.suffix)
