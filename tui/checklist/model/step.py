"""A step: one line of a checklist, as pure functions of the facts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from tui.checklist.model.check import Finding
from tui.linux.change import Change

F = TypeVar("F")  # frozen facts of all hosts; a part that was not read yet is None


def nothing(facts: object) -> Change | str:  # noqa: ARG001
    """The change of a step that only checks."""
    return ""


@dataclass(frozen=True)
class Step(Generic[F]):
    """One line of a list; `needs` are the ids of the steps that must be good before it.

    `check` returns None until the facts for it are read. `change` returns the fix, or a sentence why the app can't fix
    it, or "" where there is nothing to do. It is called only where the finding is not good, and must not rely on the
    effect of the steps in `needs`.
    """

    id: str
    host: str
    title: str
    why: str
    check: Callable[[F], Finding | None]
    change: Callable[[F], Change | str] = field(default=nothing)
    needs: tuple[str, ...] = ()
