"""The columns of a table of runs: one unit per column, cells as text, and the order by any of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tui.core.failure import Failure
from tui.core.plain_text import plain
from tui.core.quantity import MIB
from tui.runs.model.run import HostFacts, Run
from tui.runs.model.run_forecast import likely

UNKNOWN = "-"
LONGEST = 60  # characters of a cell in a table for the eyes; exports of figures have all of them


@dataclass(frozen=True)
class Column:
    """`value` returns a number, a text or None; a number has `decimals` and is aligned to the right.

    `about`: what it is, in a few words.
    """

    name: str
    value: Callable[[Run], Any]
    unit: str = ""
    decimals: int | None = None
    about: str = ""

    @property
    def title(self) -> str:
        """The name with its unit: "total s"."""
        return f"{self.name} {self.unit}" if self.unit else self.name

    @property
    def right(self) -> bool:
        """Whether it has numbers."""
        return self.decimals is not None

    def cell(self, run: Run) -> str:
        """The value as one line of text; empty if it is unknown."""
        value = self.value(run)
        if isinstance(value, (int, float)):
            return f"{value:.{self.decimals or 0}f}"
        text = _time(value) if isinstance(value, datetime) else " ".join(plain(value or "").split())
        return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}~"


def short_names(folders: Iterable[Path]) -> dict[Path, str]:
    """By folder the shortest prefix of its name, up to a hyphen, that no other name begins with."""
    ordered = sorted(folders, key=lambda folder: folder.name)
    names = ["", *(folder.name for folder in ordered), ""]
    return {folder: _prefix(names[n + 1], names[n], names[n + 2]) for n, folder in enumerate(ordered)}


def run_column(names: Mapping[Path, str]) -> Column:
    """The name by which a command accepts the run."""
    return Column("run", lambda run: names.get(run.folder, run.folder.name))


def chosen(names: Sequence[str], available: Mapping[str, Column]) -> list[Column]:
    """The columns of these names; Failure for one that does not exist."""
    for name in names:
        if name not in available:
            what = f'There is no column "{plain(name)}"'
            raise Failure(what, f"the columns are {', '.join(available)}", "Separate several with commas.")
    return [available[name] for name in names]


def ordered(runs: Iterable[Run], column: Column, *, reverse: bool = False) -> list[Run]:
    """The runs by the values of a column; those without a value are always last."""
    keyed = [(_key(column.value(run)), run) for run in runs]
    known = [each for each in keyed if each[0] is not None]
    known.sort(key=lambda each: each[0], reverse=reverse)
    return [run for _, run in known] + [run for key, run in keyed if key is None]


def _prefix(name: str, before: str, after: str) -> str:
    end = 0
    while (end := name.find("-", end + 1)) > 0:
        prefix = name[:end]
        if not before.startswith(prefix) and not after.startswith(prefix):
            return prefix
    return name


def _key(value: Any) -> Any:
    if value is None or value == "":
        return None
    return value.casefold() if isinstance(value, str) else value.timestamp() if isinstance(value, datetime) else value


def _time(value: datetime) -> str:
    return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _mib(amount: int | None) -> float | None:
    return None if amount is None else amount / MIB


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


def _percent(share: float | None) -> float | None:
    return None if share is None else share * 100


def _marks(run: Run) -> str:
    study = run.study
    marks = {
        "excluded": run.annotation.excluded,
        "imported": run.imported,
        "warm-up": study and study.warm_up,
        "censored": study and study.censored,
    }
    return ", ".join(name for name, is_so in marks.items() if is_so)


def _both(run: Run, version: Callable[[HostFacts], str]) -> str:
    """The version of both hosts; one if they are equal."""
    pair = [version(run.origin_facts), version(run.target_facts)]
    return pair[0] if pair[0] == pair[1] else " -> ".join(each or "?" for each in pair)


ALL = (
    Column("began", lambda run: run.began, about="when the migration was started"),
    Column("vm", lambda run: run.vm, about="the name of the VM"),
    Column("workload", lambda run: run.workload, about="what ran in the guest"),
    Column("technique", lambda run: run.options.words, about="with the options that differ from the defaults"),
    Column("from", lambda run: run.origin, about="the host that the VM left"),
    Column("to", lambda run: run.target, about="the host that receives the VM"),
    Column("outcome", lambda run: run.outcome, about="how it ended"),
    Column("total", lambda run: run.total_s, "s", 2, about="from the start to the end"),
    Column("downtime", lambda run: _ms(run.downtime_s), "ms", 0, about="the VM paused, as libvirt reports it"),
    Column("network", lambda run: run.network_ms, "ms", 0, about="the VM did not reply to probes over the network"),
    Column("guest", lambda run: run.guest_ms, "ms", 0, about="the guest itself saw a pause"),
    Column("setup", lambda run: _ms(run.setup_s), "ms", 0, about="before the first pass"),
    Column("sent", lambda run: _mib(run.sent_bytes), "MiB", 0, about="memory sent, pages sent again included"),
    Column("memory", lambda run: _mib(run.memory_bytes), "MiB", 0, about="memory of the VM that libvirt counts"),
    Column("passes", lambda run: run.passes, "", 0, about="over the memory of the VM"),
    Column("faults", lambda run: run.faults, "", 0, about="pages fetched on demand by post-copy"),
    Column(
        "lost",
        lambda run: None if run.guest.lost_at_least else run.guest.lost_s,
        "s",
        2,
        about="work of the guest that the migration cost",
    ),
    Column(
        "libvirt", lambda run: _both(run, lambda host: host.libvirt), about="the version, of both hosts if they differ"
    ),
    Column("qemu", lambda run: _both(run, lambda host: host.qemu), about="the version, of both hosts if they differ"),
    Column("study", lambda run: run.study and run.study.name, about="of which it is a part"),
    Column("cell", lambda run: run.study and run.study.cell, about="the settings within the study"),
    Column("repeat", lambda run: run.study and run.study.repeat, "", 0, about="number within the study"),
    Column("direction", lambda run: run.study and run.study.direction, about="within the study: out or back"),
    Column("queue", lambda run: run.queue and run.queue.id, about="of which it is a part"),
    Column("attempt", lambda run: run.queue and run.queue.attempt, "", 0, about="number within the queue, of this VM"),
    Column(
        "forecast",
        lambda run: run.forecast and likely(run.forecast.total_s),
        "s",
        2,
        about="of the total time, made before the start",
    ),
    Column(
        "error",
        lambda run: _percent(run.forecast.total_error if run.forecast else None),
        "%",
        0,
        about="of the forecast, as a part of the total time",
    ),
    Column("tags", lambda run: ", ".join(run.annotation.tags), about="words that you gave it"),
    Column("marks", _marks, about="excluded, imported, warm-up, censored"),
    Column("note", lambda run: run.annotation.note, about="what you wrote about it"),
    Column("excluded", lambda run: run.annotation.excluded, about="why statistics leave it out"),
    Column("problem", lambda run: run.problem or run.annotation.problem, about="what is wrong with its record"),
    Column("folder", lambda run: run.folder.name, about="the name of its folder"),
)
USUAL = (
    "run", "vm", "workload", "technique", "to", "outcome", "total", "downtime", "network", "guest", "sent", "passes",
    "faults", "tags", "marks",
)  # fmt: skip
# On a narrow terminal, the first of these is left out first.
LEFT_OUT = ("faults", "passes", "to", "tags", "marks", "sent", "guest", "network", "workload", "downtime", "vm")


def columns(names: Mapping[Path, str]) -> dict[str, Column]:
    """All columns by their name."""
    return {column.name: column for column in (run_column(names), *ALL)}
