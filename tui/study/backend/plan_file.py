"""Reads the plan file of a study, and the plans that are shipped with the app."""

import sys
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from tui.core.failure import Failure
from tui.core.regular_file import open_regular
from tui.core.schema import Problem
from tui.study.model.cell import Cell, cells_of, check_size
from tui.study.model.plan import StudyPlan, check

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAX_BYTES = 256 << 10  # a larger file was named by mistake


class WrongPlan(Failure):
    """A plan with mistakes: the sentence is the first one, `detail` has a line for each."""

    def __init__(self, name: str, problems: Iterable[Problem]) -> None:
        found = [Failure(f"{name}: {each.place}" if each.place else name, each.why, each.hint) for each in problems]
        super().__init__(found[0].what, found[0].why, found[0].hint, detail="\n".join(map(str, found)))


def text_of(path: Path) -> str:
    """The text of a plan file; raises Failure."""
    try:
        with open_regular(path) as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) <= MAX_BYTES:
            return data.decode("utf-8-sig")
    except FileNotFoundError as error:
        hint = "`vmlm-tui study --example lab` prints a plan to start from."
        raise Failure(f"{path} does not exist", "", hint) from error
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a NUL in the name
        why = getattr(error, "strerror", None) or str(error)
        raise Failure(f"{path} cannot be read", why, "A TOML file is expected.") from error
    raise Failure(f"{path} is larger than 256 KiB", "no plan is so large", "A TOML file is expected.")


def read(text: str, vm: str, name: str) -> tuple[StudyPlan, tuple[Cell, ...]]:
    """The plan in a text, and its cells; `vm` is the VM of a plan that names none, `name` is for sentences."""
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError also for a number with thousands of digits
        raise Failure(f"{name} is not valid TOML", str(error), "Tables and key = value lines are expected.") from error
    plan, problems = check(tables)
    if plan is None:
        raise WrongPlan(name, problems)
    cells = cells_of(plan, vm)
    problem = check_size(plan, cells)
    if problem is not None:
        raise WrongPlan(name, (problem,))
    return plan, cells


def example(name: str) -> str:
    """The text of a plan that is shipped with the app; `name` is that of a file in study/examples."""
    return (resources.files("tui.study") / "examples" / f"{name}.toml").read_text("utf-8")
