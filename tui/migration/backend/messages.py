"""The messages between the runner and its clients on migrations: their names, and dataclasses of their fields."""

from dataclasses import fields
from typing import Any, TypeVar

from tui.core.failure import Failure

T = TypeVar("T")

FIND, START, FOLLOW, REQUEST = "find", "start", "follow", "request"  # what a client may request
STOP_START = "stop-start"  # the same: end the checks of its start
STARTED, RECORDS = "started", "records"  # notices


def from_fields(kind: type[T], values: object) -> T:
    """The dataclass of such JSON; Failure if a field is missing, unknown, or of another type."""
    known = {each.name: KINDS[getattr(each.type, "__name__", each.type)] for each in fields(kind)}  # type: ignore[arg-type]
    wrong = {} if isinstance(values, dict) else {"": values}
    if isinstance(values, dict):
        wrong = {name: value for name, value in values.items() if not _fits(value, known.get(name, ()))}
    try:
        if not wrong and isinstance(values, dict):
            return kind(**values)
    except TypeError as error:  # a field is missing
        wrong = {"": error}
    raise Failure(f"A {kind.__name__} of the runner's protocol is malformed", str(wrong))


KINDS: dict[Any, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "bool": (bool,),
    "float": (int, float),
    int | None: (int, type(None)),
}


def _fits(value: object, kinds: tuple[type, ...]) -> bool:
    return isinstance(value, kinds) and (not isinstance(value, bool) or bool in kinds)
