"""A change of a host as exact commands and lines of files, each with its undo."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

LONGEST_S = 1e6


@dataclass(frozen=True)
class Command:
    """A command to run as root; `host` is the role of the host."""

    host: str
    argv: tuple[str, ...]
    stdin: str = ""
    timeout_s: float = 60.0

    @property
    def text(self) -> str:
        """The command as typed in a shell."""
        return shlex.join(self.argv)


@dataclass(frozen=True)
class _Lines:
    host: str
    path: str
    lines: tuple[str, ...]
    verb: ClassVar[str]

    @property
    def text(self) -> str:
        """The file and the lines, for display."""
        return "\n".join((f"in {self.path}, {self.verb}:", *self.lines))


class AddLines(_Lines):
    """Adds a managed block of lines at the end of a file (linux.managed_block)."""

    verb = "add"


class RemoveLines(_Lines):
    """Removes exactly the lines that an AddLines added."""

    verb = "remove"


Action = Command | AddLines | RemoveLines
_ACTIONS: dict[str, Any] = {each.__name__: each for each in (Command, AddLines, RemoveLines)}


@dataclass(frozen=True)
class Move:
    """One action and its undo: actions that run in this order, and are harmless if the action did not happen."""

    action: Action
    undo: tuple[Action, ...] = ()


def reversible(host: str, do: tuple[str, ...], undo: tuple[str, ...]) -> Move:
    """A command on a host and the command that undoes it."""
    return Move(Command(host, do), (Command(host, undo),))


def added(host: str, path: str, lines: tuple[str, ...], *then: Action) -> Move:
    """Lines added to a file, and undone by removing them; `then` are further actions of the undo."""
    return Move(AddLines(host, path, lines), (RemoveLines(host, path, lines), *then))


@dataclass(frozen=True)
class Change:
    """Planned moves in their order; `note` tells a person why these options, and what is interrupted meanwhile.

    `compare` is true if a person has to compare something in the note before it is applied.
    """

    moves: tuple[Move, ...]
    note: str = ""
    compare: bool = False

    @property
    def actions(self) -> tuple[Action, ...]:
        """The actions without their undo."""
        return tuple(move.action for move in self.moves)


def to_fields(action: Action) -> dict[str, Any]:
    """The action as plain values for JSON."""
    return {"action": type(action).__name__, **asdict(action)}


def from_fields(fields: object) -> Action:
    """The action from the values of to_fields; ValueError if they are not an action."""
    if not isinstance(fields, Mapping):
        raise ValueError("an action is not a JSON object")
    values = dict(fields)
    kind = values.pop("action", None)
    if not isinstance(kind, str) or kind not in _ACTIONS:
        raise ValueError("an action is of an unknown kind")
    for name, value in values.items():
        if name not in _SHAPES:
            raise ValueError(f"a field of {kind} is unknown")
        expected, fits = _SHAPES[name]
        if not fits(value):
            raise ValueError(f"{name} of {kind} is not {expected}")
        values[name] = tuple(value) if isinstance(value, list) else value
    try:
        action: Action = _ACTIONS[kind](**values)
    except TypeError as error:
        raise ValueError(f"{kind} lacks a field, or has one too many") from error
    return action


def _text(value: object) -> bool:
    return isinstance(value, str)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _argv(value: object) -> bool:
    return _texts(value) and bool(value)


def _seconds(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= LONGEST_S


_SHAPES: dict[str, tuple[str, Callable[[object], bool]]] = {
    "host": ("a text", _text),
    "path": ("a text", _text),
    "stdin": ("a text", _text),
    "argv": ("a list of texts", _argv),
    "lines": ("a list of texts", _texts),
    "timeout_s": ("a time in seconds", _seconds),
}
