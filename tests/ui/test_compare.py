"""The comparison of marked runs, as a person sees it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from tests.ui.one_page import OnePage, text_of, until
from tests.ui.runs_screen import utc
from tests.ui.test_runs import make, summary
from tui.runs.backend import statistics
from tui.runs.backend.notes import annotate
from tui.runs.backend.runs import Runs
from tui.runs.model.annotation import Annotation
from tui.runs.model.difference import Difference
from tui.runs.model.measure import measure
from tui.runs.model.run import Run
from tui.runs.screens.compare import ComparePage
from tui.runs.screens.compared import run_lines, table_lines
from tui.runs.screens.page import RunsPage
from tui.ui.chart.chart import Chart

RUNS = (  # the oldest first
    ("20261123T034900Z-guest1-a", "post-copy-by-hand", "post-copy-manual", 17700, 10),
    ("20261123T035000Z-guest1-b", "post-copy-timeout", "post-copy-timeout", 35400, 20),
    ("20261123T035100Z-guest1-c", "pre-copy-idle", "pre-copy", 1770, 40),
)
CURVES = {*map(chr, range(0x2801, 0x2900)), *map(chr, range(0x2581, 0x2589))}  # braille, and parts of blocks


def write(folder: Path, runs: Any = RUNS) -> None:
    for number, (name, log, technique, total, downtime) in enumerate(runs):
        figures = {"total_time_ms": total, "downtime_ms": downtime, "memory_sent_bytes": 1 << 30}
        tables = summary("completed", f"2026-11-23T03:{49 + number}:00.000Z", technique, **figures)
        make(folder, name, tables, log)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Three runs, in UTC and at a path that is the same in every test."""
    monkeypatch.chdir(tmp_path)
    write(Path("runs"))
    with utc():
        yield Path("runs")


def app_of(folder: Path) -> OnePage:
    return OnePage(RunsPage(Runs(folder)))


def read(app: OnePage) -> bool:
    """Whether the comparison shows all it will."""
    screen = app.screen
    return isinstance(screen, ComparePage) and "reading log" not in text_of(app) and " - " in lines_of(app)


def lines_of(app: OnePage) -> str:
    """The lines below the charts, also those that are not in view."""
    return str(app.screen.query_one("#lines").text)  # type: ignore[attr-defined]


def charts_of(app: OnePage) -> str:
    """The inner lines of the charts: a legend above them has dots before there is a curve."""
    return "\n".join(line for line in text_of(app).splitlines()[3:] if "│" in line)


async def compare(pilot: Pilot[Any], count: int) -> None:
    """Mark the first runs of the table, and compare them."""
    app = pilot.app
    assert isinstance(app, OnePage)
    await until(pilot, lambda: "completed" in text_of(app))
    await pilot.press(*("space" for _ in range(count)), "o")
    await until(pilot, lambda: read(app))


@asynccontextmanager
async def compared(folder: Path, count: int = 3, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Pilot[Any]]:
    app = app_of(folder)
    async with app.run_test(size=size) as pilot:
        await compare(pilot, count)
        yield pilot


def row(app: OnePage, label: str) -> list[str]:
    """The cells of a line of the table."""
    line = next(line for line in lines_of(app).splitlines() if line.startswith(f" {label}"))
    return line.removeprefix(f" {label}").split()


@pytest.mark.parametrize(("marks", "words"), [(0, "no runs are marked"), (1, "1 run is marked")])
async def test_fewer_than_two_marked_runs_are_not_compared(folder: Path, marks: int, words: str) -> None:
    app = app_of(folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "completed" in text_of(app))
        await pilot.press(*("space" for _ in range(marks)), "o")
        sentence = f"Space marks a run: 2 to 8 can be compared, {words}."
        await until(pilot, lambda: any(each.message == sentence for each in app._notifications))
        assert isinstance(app.screen, RunsPage)


async def test_more_than_eight_marked_runs_are_not_compared(tmp_path: Path) -> None:
    write(tmp_path, [(f"20261123T0350{n:02}Z-guest1", "cancelled", "pre-copy", 1000, 1) for n in range(9)])
    app = app_of(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "completed" in text_of(app))
        await pilot.press(*("space" for _ in range(9)), "o")
        await until(pilot, lambda: any("9 runs are marked." in each.message for each in app._notifications))
        assert isinstance(app.screen, RunsPage)


async def test_keys_that_arrive_at_once_act_in_their_order(folder: Path) -> None:
    async with app_of(folder).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: text_of(pilot.app).count("completed") > 1)
        for key, character in (("space", " "), ("space", " "), ("o", "o")):
            pilot.app.post_message(events.Key(key, character))
        await until(pilot, lambda: isinstance(pilot.app.screen, ComparePage))


async def test_the_curves_of_all_runs_are_in_one_chart_from_the_oldest_on(folder: Path) -> None:
    async with compared(folder) as pilot:
        picture = pilot.app.screen.query_one("#all", Chart).picture
        assert [each.name for each in picture.series] == ["A", "B", "C"]
        assert len({each.color for each in picture.series}) == 3
        assert picture.lettered
        inner = charts_of(pilot.app)  # type: ignore[arg-type]
        assert min(inner.count(letter) for letter in "ABC") >= 1
        assert inner.count("A") > 2  # on the curve, too
        text = lines_of(pilot.app)  # type: ignore[arg-type]
        assert "A  11-23 03:49:00  guest1  post-copy by hand  completed  baseline" in text
        assert "C  11-23 03:51:00  guest1  pre-copy  completed" in text


@pytest.mark.parametrize(("keys", "selector"), [("", "#all"), ("a", "#all"), ("m", "#small Chart")])
async def test_the_time_axis_ends_with_the_longest_run(folder: Path, keys: str, selector: str) -> None:
    async with compared(folder) as pilot:
        await pilot.press(*keys)
        drawn = [each.picture for each in pilot.app.screen.query(selector).results(Chart)]
        latest = max(each.last_x for each in drawn)
        windows = {each.window for each in drawn}
        assert len(windows) == 1
        ((begin, end),) = (window for window in windows if window)
        assert (begin, end) == (0.0, pytest.approx(latest, abs=1.0))
        assert end >= latest


async def test_figures_have_their_ratio_to_a_baseline_that_a_key_changes(folder: Path) -> None:
    async with compared(folder) as pilot:
        app = pilot.app
        assert isinstance(app, OnePage)
        assert row(app, "total time, s") == ["17.70", "35.40", "2.00x", "1.77", "0.10x"]
        assert row(app, "downtime by libvirt, ms") == ["10.0", "20.0", "2.00x", "40.0", "4.00x"]
        await pilot.press("b")
        assert row(app, "total time, s") == ["17.70", "0.50x", "35.40", "1.77", "0.05x"]
        await pilot.press("b", "b")
        assert row(app, "total time, s") == ["17.70", "35.40", "2.00x", "1.77", "0.10x"]


async def test_runs_are_aligned_at_their_switch_to_post_copy(folder: Path) -> None:
    async with compared(folder) as pilot:
        chart = pilot.app.screen.query_one("#all", Chart)
        starts = {each.name: each.xs[0] for each in chart.picture.series}
        await pilot.press("a")
        moved = chart.picture
        assert [each.name for each in moved.series] == ["A", "B"]
        assert [sign.mark for sign in moved.signs] == ["P"]
        switched = 15.0624, 9.0418  # when the destination reported it, by both logs
        assert [each.xs[0] - starts[each.name] for each in moved.series] == pytest.approx(
            [0, switched[0] - switched[1]]
        )
        assert "did not switch to post-copy: C" in lines_of(pilot.app)  # type: ignore[arg-type]
        await pilot.press("a")
        assert [each.name for each in chart.picture.series] == ["A", "B", "C"]


async def test_runs_without_a_switch_cannot_be_aligned_at_it(tmp_path: Path) -> None:
    write(tmp_path, [RUNS[2], ("20261123T035200Z-guest1-d", *RUNS[2][1:])])
    async with compared(tmp_path, 2) as pilot:
        await pilot.press("a")
        sentence = "None of these runs switched to post-copy."
        await until(pilot, lambda: any(each.message == sentence for each in pilot.app._notifications))


async def test_small_charts_have_the_same_axes(folder: Path) -> None:
    async with compared(folder) as pilot:
        await pilot.press("m")
        small = [each.picture for each in pilot.app.screen.query("#small Chart").results(Chart)]
        assert [each.title for each in small] == ["A", "B", "C"]
        assert len({(each.highest_y, each.window) for each in small}) == 1
        await until(pilot, lambda: "─ A, MiB ─ P post-copy ──" in text_of(pilot.app))  # no entry without a name
        shown = pilot.app.screen.query_one("#small"), pilot.app.screen.query_one("#all")
        assert [each.display for each in shown] == [True, False]
        await pilot.press("m")
        assert [each.display for each in shown] == [False, True]


async def test_a_log_that_is_gone_leaves_the_others_and_the_table(folder: Path) -> None:
    (folder / RUNS[0][0] / "raw.jsonl").unlink()
    async with compared(folder) as pilot:
        app = pilot.app
        assert isinstance(app, OnePage)
        assert [each.name for each in app.screen.query_one("#all", Chart).picture.series] == ["B", "C"]
        assert f"The log of {RUNS[0][0]} can't be read" in lines_of(app)
        assert row(app, "total time, s")[0] == "17.70"
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunsPage))


async def test_eight_runs_fit_a_small_terminal(tmp_path: Path) -> None:
    write(tmp_path, [(f"20261123T0350{n:02}Z-guest1", "cancelled", "pre-copy", 1000 + 100 * n, 1) for n in range(8)])
    async with compared(tmp_path, 8, (80, 24)) as pilot:
        app = pilot.app
        assert isinstance(app, OnePage)
        await pilot.press("m")
        small = [*app.screen.query("#small Chart")]
        await until(pilot, lambda: all(each.size.height >= 4 and each.size.width >= 26 for each in small))
        lines = lines_of(app).splitlines()
        at = next(number for number, line in enumerate(lines) if line.startswith(" total time"))
        assert len(lines[at].split()[-8:]) == 8
        assert lines[at + 1].split() == [f"1.{n}0x" for n in range(1, 8)]
        assert all(len(line) <= 80 for line in lines)


async def test_what_differs_at_the_end_of_the_line_of_a_run_is_on_the_next_line(folder: Path) -> None:
    for name, *_ in RUNS[:2]:
        annotate(folder / name, lambda old: old.with_exclusion("the host was busy with a backup of all of its VMs"))
    async with compared(folder, 3, (80, 24)) as pilot:
        text = lines_of(pilot.app)  # type: ignore[arg-type]
        assert "all of its VMs)" in " ".join(text.split())
        assert all(len(line) <= 80 for line in text.splitlines())


async def test_repeats_are_described_and_tested(tmp_path: Path) -> None:
    quick = [(f"20261123T03490{n}Z-q", "cancelled", "post-copy-manual", 10000 + 100 * n, 10) for n in range(4)]
    slow = [(f"20261123T03550{n}Z-s", "cancelled", "pre-copy", 30000 + 100 * n, 10) for n in range(4)]
    write(tmp_path, [*quick, *slow])
    async with compared(tmp_path, 8) as pilot:
        text = " ".join(lines_of(pilot.app).split())  # type: ignore[arg-type]
        assert "8 runs in 2 groups of equal settings: 8 completed." in text
        assert "Post-copy by hand is 3.0" in text
        assert "times faster than pre-copy (p = 0.029)." in text


async def test_without_scipy_one_sentence_names_what_is_missing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, [("20261123T035500Z-guest1-d", *RUNS[2][1:])])
    monkeypatch.setattr(statistics, "find_spec", lambda _: None)
    async with compared(folder, 4) as pilot:
        assert "need scipy, which is not installed" in " ".join(lines_of(pilot.app).split())  # type: ignore[arg-type]


async def test_single_runs_are_not_tested(folder: Path) -> None:
    async with compared(folder) as pilot:
        assert "No two of these runs are repeats" in lines_of(pilot.app)  # type: ignore[arg-type]


async def test_a_key_that_arrives_while_it_closes_does_nothing(folder: Path) -> None:
    async with compared(folder) as pilot:
        page = pilot.app.screen
        assert isinstance(page, ComparePage)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunsPage) and not page.children)
        page.action_baseline()  # its widgets are gone
        page.action_align()
        assert isinstance(pilot.app.screen, RunsPage)


@pytest.mark.parametrize("size", [(40, 10), (60, 16)])
async def test_a_tiny_terminal_cuts_lines(folder: Path, size: tuple[int, int]) -> None:
    async with compared(folder, 3, size) as pilot:
        await pilot.press("m", "a", "b")
        assert all(len(line) <= size[0] for line in text_of(pilot.app).splitlines())
        assert "A" in text_of(pilot.app)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("keys", ["", "a", "m"])
def test_a_comparison_looks_like_its_picture(snap_compare: Any, folder: Path, size: tuple[int, int], keys: str) -> None:
    app = app_of(folder)

    async def look(pilot: Any) -> None:
        await compare(pilot, 3)
        await pilot.press(*keys)
        await until(pilot, lambda: any(each in CURVES for each in charts_of(app)))  # plotext is loaded

    assert snap_compare(app, terminal_size=size, run_before=look)


@pytest.mark.parametrize(
    ("outcome", "excluded", "words"),
    [
        ("completed", "", "completed"),
        ("completed", "the cable was out", "completed (excluded: the cable was out)"),
        ("failed", "", "failed"),
    ],
)
def test_a_run_that_does_not_count_has_its_reason(outcome: str, excluded: str, words: str) -> None:
    run = Run(Path("/runs/a"), vm="guest1", outcome=outcome, annotation=Annotation(excluded=excluded))
    (line,) = run_lines([run], [measure(run)], {}, baseline=1)
    assert line.plain == f" A  a  guest1  {words}"


def foretell(folder: Path, *errors: float) -> None:
    """Add a forecast to each run, the oldest first, with this error of its total time."""
    for run, error in zip(sorted(folder.iterdir()), errors, strict=True):
        with (run / "run.toml").open("a") as summary:
            within = str(error < 0.25).lower()
            summary.write("\n[forecast]\nconverges = true\n[forecast.outcome]\nverdict_right = true\n")
            summary.write(f"total_error = {error}\ntotal_within = {within}\n")


async def test_the_forecasts_of_the_runs_are_judged_in_a_sentence(folder: Path) -> None:
    foretell(folder, 0.1, 0.3, 0.2)
    async with compared(folder) as pilot:
        assert isinstance(pilot.app, OnePage)
        words = " ".join(lines_of(pilot.app).split())
        assert "Forecast against outcome, 3 runs: the verdict was right in 3 of 3 (100 %)" in words
        assert "in 2 of 3 (67 %), median error 20 %." in words


@pytest.mark.parametrize(("width", "tables"), [(120, ["ABCDEF"]), (60, ["ABCDEF"]), (38, ["ABC", "DEF"])])
def test_runs_whose_columns_do_not_fit_have_a_further_table(width: int, tables: list[str]) -> None:
    values = ("17.70", "35.40", "1.77", "2.00", "3.00", "4.00")
    row = Difference("total time", "s", values, ("", "2.00x", "0.10x", "0.11x", "0.17x", "0.23x"))
    lines = [line.plain for line in table_lines([row], len(values), width)]
    assert ["".join(line.split()) for line in lines if set("".join(line.split())) <= set("ABCDEF")] == tables
    assert all(len(line) <= width for line in lines)
    assert all(value in "".join(lines) for value in (*values, *row.ratios))
