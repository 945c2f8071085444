"""A step of a checklist: one line of it, as pure functions of the facts that were read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from tui.checklist.model.check import Finding
from tui.linux.change import Change

F = TypeVar("F")  # all that was read of the hosts, frozen; what was not read yet is None in it


def nothing(facts: object) -> Change | str:  # noqa: ARG001
    """The change of a step that only checks."""
    return ""


@dataclass(frozen=True)
class Step(Generic[F]):
    """One line of a list as pure functions of the facts; `needs` are ids of steps that must be good before.

    `check` gives None where the facts for it have not been read yet. `change` gives what would make it right, or a
    sentence that says why the app can't, empty where nothing is to be done; it is asked only where the finding is not
    good, and must not rely on what `needs` will bring.
    """

    id: str
    host: str
    title: str
    why: str
    check: Callable[[F], Finding | None]
    change: Callable[[F], Change | str] = field(default=nothing)
    needs: tuple[str, ...] = ()
