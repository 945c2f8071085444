"""The plans to choose from for a new study: files, examples, and those of earlier studies."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tui.core.failure import Failure
from tui.core.settings import VmConfig
from tui.migration.model.ending.outcome import home
from tui.study import EXAMPLES
from tui.study.backend import find, store
from tui.study.backend.plan_file import example, read, text_of
from tui.study.model.estimate import estimate
from tui.study.model.schedule import schedule, seed_of
from tui.study.model.status import plan_lines, seed_line, setting_lines

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MOST_FILES, MOST_EARLIER = 40, 8  # that are offered


@dataclass(frozen=True)
class PlanSource:
    """A plan to choose: a file, or an example where `path` is None; `name` is for sentences."""

    name: str
    path: Path | None = None

    @property
    def label(self) -> str:
        """How a choice names it."""
        return self.name if self.path is not None else f"example {self.name}"

    def text(self) -> str:
        """The text of the plan; blocks and raises Failure."""
        return example(self.name) if self.path is None else text_of(self.path)


@dataclass(frozen=True)
class Preview:
    """A plan without mistakes: what it will do as lines, a line for each setting, and the seed of its order.

    `obstacle` is why a start would be refused now; None if it would not, or if that was not checked.
    """

    text: str
    name: str
    seed: int
    lines: tuple[str, ...]
    settings: tuple[str, ...]
    obstacle: Failure | None = None
    is_checked: bool = True


def preview_of(text: str, name: str, vm: VmConfig, memory_bytes: Mapping[str, int], seed: int | None = None) -> Preview:
    """A plan's text, checked as the command checks it; `name` is for sentences. Raises Failure.

    `vm` is the configured VM, `memory_bytes` the memory of the VMs that were read; `seed` is for a plan without one.
    """
    plan, cells = read(text, vm.name, name)
    seed = seed_of(plan, seed)
    steps = schedule(plan, cells, seed)
    found = estimate(plan, steps, steps, {}, {vm.name: vm.memory_bytes, **memory_bytes})
    lines = (*plan_lines(plan, cells, found), seed_line(seed, by_plan=plan.seed is not None))
    settings = tuple(setting_lines(cells))
    return Preview(text, plan.name, seed, tuple(each for each in lines if each not in settings), settings)


def typed(path: str) -> PlanSource:
    """The source of a path that a person typed; Failure if it is empty."""
    if not path.strip():
        raise Failure("The path of the plan is missing", "", "Type one, or choose another plan.")
    try:
        return PlanSource(path.strip(), Path(path.strip()).expanduser())
    except RuntimeError as error:
        raise Failure("The path of the plan has an unknown user", path.strip(), "Type another one.") from error


def sources(places: Sequence[Path], studies: Path, config: str) -> tuple[PlanSource, ...]:
    """The plan files in `places`, the examples, and the plans of the newest studies of a configuration. Blocks."""
    files: dict[Path, Path] = {}  # a file of two places is one
    for path in (each for place in places for each in _plans_in(place)):
        files.setdefault(path.resolve(), path)
    newest: dict[str, PlanSource] = {}  # one for each name
    for folder in find.own(studies, config):
        name = re.sub(r"^[^-]*-", "", folder.name)
        newest.setdefault(name, PlanSource(f"{name}, as in study {folder.name}", folder / store.PLAN))
    examples = (PlanSource(each) for each in EXAMPLES)
    return (
        *(PlanSource(home(each), each) for each in list(files.values())[:MOST_FILES]),
        *examples,
        *list(newest.values())[:MOST_EARLIER],
    )


def _plans_in(place: Path) -> Iterator[Path]:
    """The files of a folder that are meant as plans, also with mistakes in their values."""
    try:
        found = sorted(place.glob("*.toml"))
    except OSError:
        return  # a folder that cannot be read has no plans to offer
    for path in found[: MOST_FILES * 5]:
        try:
            tables = tomllib.loads(text_of(path))
        except (Failure, ValueError, RecursionError):
            continue
        if isinstance(tables.get("name"), str) and "migration" in tables:
            yield path
