"""The columns of a table of runs."""

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from tests.unit.runs.model.test_parse import TABLES, parsed
from tui.core.failure import Failure
from tui.runs.model.annotation import Annotation
from tui.runs.model.facts import figure_facts, run_facts
from tui.runs.model.run import HostFacts, Run
from tui.runs.model.table import LEFT_OUT, USUAL, chosen, columns, ordered, short_names

RUN = parsed(TABLES)
COLUMNS = columns({})


def test_a_cell_has_the_value_in_the_unit_of_its_column() -> None:
    names = (
        "technique",
        "total",
        "downtime",
        "network",
        "guest",
        "sent",
        "passes",
        "libvirt",
        "qemu",
        "marks",
        "repeat",
    )
    assert [COLUMNS[name].cell(RUN) for name in names] == [
        "post 5 s +ac x4 <=20 MiB/s <=50 ms", "7.67", "13", "231", "215", "803", "3", "11.3.0 -> 12.0.0",
        "10.0.2 -> ?", "imported, warm-up", "3",
    ]  # fmt: skip
    assert [COLUMNS[name].title for name in ("vm", "total", "sent")] == ["vm", "total s", "sent MiB"]


def test_an_unknown_value_is_an_empty_cell() -> None:
    cells = {name: column.cell(Run(Path("/runs/x"))) for name, column in COLUMNS.items()}
    assert {name: cell for name, cell in cells.items() if cell} == {"run": "x", "outcome": "broken", "folder": "x"}


def test_a_text_is_one_short_line() -> None:
    noted = replace(RUN, annotation=Annotation("two\nlines\x1b[2J " + "x" * 100))
    cell = COLUMNS["note"].cell(noted)
    assert cell.startswith("two lines x")
    assert (len(cell), cell[-1]) == (60, "~")


def test_runs_are_ordered_by_values_and_unknown_ones_are_last() -> None:
    runs = [Run(Path(f"/runs/{n}"), total_s=total) for n, total in enumerate((3.0, None, 20.0, 1.0))]
    assert [run.total_s for run in ordered(runs, COLUMNS["total"])] == [1.0, 3.0, 20.0, None]
    assert [run.total_s for run in ordered(runs, COLUMNS["total"], reverse=True)] == [20.0, 3.0, 1.0, None]
    began = datetime(2026, 11, 23, tzinfo=timezone.utc)
    for column in COLUMNS.values():
        assert len(ordered([RUN, replace(RUN, began=began), *runs], column)) == 6


def test_the_shortest_prefix_that_means_only_one_run() -> None:
    names = (
        "20261123T1Z-a-idle-pre-copy",
        "20261123T1Z-b-idle-pre-copy",
        "20261123T1Z-b-idle-pre-copy-2",
        "2-x",
        "odd",
    )
    assert list(short_names(Path("/runs") / name for name in names).values()) == [
        "2-x",
        "20261123T1Z-a",
        "20261123T1Z-b-idle-pre-copy",
        "20261123T1Z-b-idle-pre-copy-2",
        "odd",
    ]


def test_a_column_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(Failure, match=r'There is no column "size": the columns are run, began, vm, .* commas'):
        chosen(["vm", "size"], COLUMNS)
    assert {*USUAL, *LEFT_OUT} <= {*COLUMNS}


def test_the_facts_of_a_run_have_its_options_versions_and_notes() -> None:
    noted = replace(RUN, annotation=Annotation("noisy", ("a", "b"), "busy host"), error="It failed: why")
    facts = [f"{label}: {text}" for label, text in run_facts(noted)]
    for fact in (
        "vm: guest1, 2 vCPUs, 1.0 GiB",
        "direction: source -> destination",
        "outcome: completed, imported from another program's log",
        "error: It failed: why",
        "workload: memory (threads = 2, rate_mib_s = 0)",
        "technique: post-copy after 5 s",
        "bandwidth: 20 MiB/s",
        "source: a, libvirt 11.3.0, QEMU 10.0.2, 2 CPUs",
        "study: original, memory, post-copy after 5 s, back, repeat 3, warm-up, not counted",
        "queue: 20261128T231500Z-evacuate-source, VM 2, attempt 1",
        "tags: a, b",
        "note: noisy",
        "excluded: busy host",
    ):
        assert fact in facts
    assert [label for label, _ in run_facts(Run(Path("/runs/x"), origin_facts=HostFacts()))] == [
        "folder",
        "vm",
        "outcome",
    ]


def test_the_figures_have_three_downtimes() -> None:
    figures = dict(figure_facts(RUN))
    assert figures["downtime"] == "13 ms by libvirt"
    assert figures["network"].startswith("no reply for 231 ms")
    assert figures["guest"].startswith("the guest paused 215 ms")
    assert figures["workload rate"] == "100 MiB/s before, unknown MiB/s after"
    assert figures["faults"] == "3,067 pages fetched on demand"
    assert dict(figure_facts(replace(RUN, faults=1)))["faults"] == "1 page fetched on demand"
    lost = replace(RUN, guest=replace(RUN.guest, lost_s=1.3, lost_at_least=""), from_libvirt=False)
    assert dict(figure_facts(lost))["work lost"] == "1.3 s at the rate before"
    assert dict(figure_facts(lost))["figures from"].startswith("the samples")
    assert dict(figure_facts(Run(Path("/runs/x")))) == {"downtime": "unknown to libvirt"}
