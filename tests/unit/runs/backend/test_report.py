"""The HTML report: whole without a network, escaped, with the right numbers, links and figures."""

import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from tests.unit.runs.recorded import tables, write
from tui.core.failure import Failure
from tui.runs.backend.comparison import compare
from tui.runs.backend.reading import RunReader
from tui.runs.backend.report import page, plots
from tui.runs.backend.report.curves import Curve, curve_of
from tui.runs.backend.report.page import write_report
from tui.runs.backend.report.tables import run_table
from tui.runs.model.groups import Group, grouped
from tui.runs.model.measure import measured
from tui.runs.model.measured import Measured, Settings, Value

RECORDINGS = Path(__file__).parents[3] / "recordings"
POST = {"technique": "post-copy-timeout", "timeout_s": 5.0}
VOID = {"meta", "br"}


class Parsed(HTMLParser):
    """Collects the text, links and ids of a page; fails if tags are not closed in their order."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.sources: list[str] = []
        self.texts: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        found = dict(attributes)
        self.links += [found["href"] or ""] if tag == "a" else []
        self.sources += [str(found[name]) for name in ("src", "data") if name in found]
        self.sources += [tag] if tag in ("script", "link", "iframe") else []

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        pass

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(scope="module")
def runs_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five runs by pre-copy, five by post-copy, with logs, and one excluded run of a VM with an odd name."""
    folder = tmp_path_factory.mktemp("report") / "the runs"
    for minute, (slow, quick) in enumerate(zip((20, 26, 22, 28, 24), (10, 13, 11, 14, 12), strict=True)):
        for hour, total, options, log in ((4, slow, {}, "guest-pre-copy"), (5, quick, POST, "guest-post-copy")):
            began = f"2026-11-23T0{hour}:{minute:02}:00.000Z"
            name = f"20261123T0{hour}{minute:02}00Z-guest1"
            run = write(folder, name, tables(total, began=began, options=options))
            shutil.copy(RECORDINGS / f"{log}.jsonl", run / "raw.jsonl")
    odd = write(folder, "20261123T060000Z-odd", tables(99, vm={"name": "<script>alert(1)</script>"}))
    (odd / "note.toml").write_text('excluded = "cable <b>out</b>"\n')
    return folder


@pytest.fixture(scope="module")
def target(runs_folder: Path) -> Path:
    """The report on these runs, whose figures are also files."""
    target = runs_folder.parent / "a" / "b" / "report.html"
    write_report(RunReader(runs_folder).list(), target, runs_folder.parent / "figures")
    return target


@pytest.fixture
def parsed(target: Path) -> Parsed:
    return Parsed(target.read_text())


def test_the_report_opens_with_what_was_found(parsed: Parsed) -> None:
    assert parsed.open == []
    start = parsed.text.index("What was found")
    assert parsed.text[start:].startswith(
        "What was found 11 runs in 2 groups of equal settings: 10 completed, 1 excluded. "
        "Post-copy after 5 s is 2.0 [1.57, 2.5] times faster than pre-copy (p = 0.0079)."
    )
    for title in ("Groups", "Median total time, s", "All numbers", "Machines and versions", "Runs and raw files"):
        assert title in parsed.text
    assert "24.0 [20.0, 28.0] A, n = 5 12.0 [10.0, 14.0] B, n = 5" in parsed.text


@pytest.mark.parametrize(("total_s", "limit_s", "own"), [(10.0, 10.2, True), (50.0, 102.0, False)])
def test_a_short_post_copy_is_not_squeezed_by_a_long_pre_copy(total_s: float, limit_s: float, own: bool) -> None:
    def curve(ended_at: float) -> Curve:
        remaining, rates = [(0.0, 1 << 30), (ended_at, 0)], [(0.0, 5.0), (ended_at, 5.0)]
        return Curve("a", remaining, rates, "MiB/s", [], None, ended_at, 0.1, ended_at, 5.0)

    curves = [[curve(100.0)], [curve(total_s)]]
    settings = [Settings(workload="memory", technique=each) for each in ("pre-copy", "post-copy at once")]
    for figure in (plots.remaining(curves, settings), plots.guest_rates(curves, settings)):
        assert figure
        first, second = figure.axes
        assert (first.get_xlim()[1], second.get_xlim()[1]) == (102.0, pytest.approx(limit_s))
        assert ("own time axis" in second.get_title(loc="left").replace("\n", " ")) is own


def test_the_downtimes_of_several_workloads_have_a_row_each(tmp_path: Path) -> None:
    for number in range(8):
        workload, technique = ("cpu", "idle")[number % 2], ("pre-copy", "post-copy")[number // 4]
        name, began = f"2026112{number}T000000Z-a", f"2026-11-2{number}T00:00:00.000Z"
        changed = tables(began=began, options={"technique": technique}, workload={"name": workload})
        write(tmp_path, name, changed)
    figure = plots.downtimes(compare(grouped(measured(RunReader(tmp_path).list()))))
    assert figure
    assert len(figure.axes) == 6  # two workloads, three downtimes
    assert {len(axis.lines) for axis in figure.axes} == {2}  # of each technique
    assert [each.get_text() for each in figure.legends[0].get_texts()] == ["pre-copy", "post-copy"]


def test_the_report_needs_no_network_and_runs_no_script(parsed: Parsed, target: Path) -> None:
    assert parsed.sources == []
    assert "<script" not in target.read_text()
    assert "<script>alert(1)</script>" in parsed.text  # as text
    assert "cable <b>out</b>" in parsed.text
    styles = re.findall(r"url\(([^)]*)\)", target.read_text())
    assert all(each.startswith("#") for each in styles)


def test_each_raw_file_is_linked_from_where_the_report_is(parsed: Parsed, runs_folder: Path, target: Path) -> None:
    linked = {(target.parent / unquote(link)).resolve() for link in parsed.links}
    assert linked == {each.resolve() for each in runs_folder.glob("*/*")}


def test_each_figure_is_also_a_file(runs_folder: Path, target: Path) -> None:
    figures = runs_folder.parent / "figures"
    names = {each.stem for each in figures.iterdir()}
    assert names >= {"total", "downtime", "downtime-network", "sent", "remaining", "guest-rate", "downtimes"}
    for name in names:
        ElementTree.parse(figures / f"{name}.svg")  # noqa: S314  # it is our own
        assert (figures / f"{name}.pdf").read_bytes().startswith(b"%PDF")


def test_the_labels_of_figures_are_text(parsed: Parsed) -> None:
    for label in ("total time, s", "remaining, GiB", "seconds since the start", "part of the runs"):
        assert label in parsed.text


@pytest.mark.parametrize("form", ["svg", "pdf"])
def test_the_same_runs_give_the_same_figures(runs_folder: Path, form: str) -> None:
    groups = grouped(measured(RunReader(runs_folder).list()))
    total = compare(groups, ["total"]).figures[0]
    first, second = (plots.as_bytes(plots.strips(total, groups), form, "total") for _ in range(2))
    assert first == second


def test_a_dollar_is_no_formula_and_a_wide_axis_has_plain_numbers() -> None:
    settings = Settings(workload="mine (sh -c 'echo $HOME_{ $X^')")
    values = (Value(1.0), Value(1000.0, above=True))
    group = Group(settings, tuple(Measured(f"r{n}", settings, values={"total": each}) for n, each in enumerate(values)))
    groups = [group, Group(Settings(workload="idle"), group.runs)]
    svg = plots.as_bytes(plots.strips(compare(groups).figures[0], groups), "svg").decode()
    labels = ["".join(each.itertext()) for each in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314
    assert "$HOME_{ $X^')" in " ".join(labels)
    assert "100" in labels
    assert "mathdefault" not in svg


def test_panels_of_a_row_show_the_whole_of_each_curve() -> None:
    settings = [Settings(workload="memory", technique=each) for each in ("pre-copy", "post-copy")]
    drawn = Curve("r", ((0, 9), (1, 0)), ((0, 5.0), (1, None), (2, 4.0)), "MiB/s", (0.5,), None, 1.0, 0.1, 3.0, 6.0)
    faster = replace(drawn, guest=((0, 50.0), (6, 2.0)), ended_at=7.0)
    figure = plots.guest_rates([[drawn], [faster]], settings)
    assert figure is not None
    for axis in figure.axes:
        assert axis.get_ylim()[0] == 0
        assert axis.get_ylim()[1] >= 50
        assert axis.get_xlim()[1] >= 7
    assert (figure.get_supxlabel(), figure.get_supylabel()) == ("seconds since the start", "rate of the guest, MiB/s")
    figure = plots.guest_rates([[drawn], [replace(faster, unit="ops/s")]], settings)
    assert figure is not None
    titles = [axis.get_title() or axis.get_title(loc="left") for axis in figure.axes]
    assert titles == ["A  pre-copy, MiB/s", "B  post-copy, ops/s"]
    assert plots.guest_rates([[replace(drawn, guest=())]], settings[:1]) is None


def test_the_guests_rate_is_drawn_to_its_last_value_after_the_end_and_the_memory_to_the_end() -> None:
    settings = [Settings(workload="memory")]
    drawn = Curve("r", ((0, 9), (1, 0)), ((0, 5.0), (13, 4.0)), "MiB/s", (), None, 1.0, 0.1, 3.0, 6.0)
    rates, memory = plots.guest_rates([[drawn]], settings), plots.remaining([[drawn]], settings)
    assert rates is not None
    assert rates.axes[0].get_xlim()[1] > 13
    assert memory.axes[0].get_xlim()[1] < 4


def test_a_curve_has_the_passes_and_the_switch(runs_folder: Path) -> None:
    curves = {run.folder.name: curve_of(run) for run in RunReader(runs_folder).list()}
    post = curves["20261123T050000Z-guest1"]
    assert post is not None
    assert post.post_copy_at is not None
    assert post.switched_at is not None
    assert len(post.passes) >= 2
    assert post.remaining[0][1] > post.remaining[-1][1]
    assert curves["20261123T060000Z-odd"] is None  # it has no log


def test_runs_of_the_same_name_in_two_folders_keep_their_files(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write(tmp_path / folder, "20261123T040000Z-guest1", tables())
    runs = [*RunReader(tmp_path / "one").list(), *RunReader(tmp_path / "two").list()]
    comparison = compare(grouped(measured(runs)), ["total"])
    links = Parsed(run_table({run.folder: run for run in runs}, comparison, tmp_path)).links
    assert links == [f"{folder}/20261123T040000Z-guest1/run.toml" for folder in ("one", "two")]


def test_one_run_without_figures_still_has_a_report(tmp_path: Path) -> None:
    write(tmp_path / "runs", "20261123T040000Z-guest1", {"outcome": "failed"})
    write_report(RunReader(tmp_path / "runs").list(), tmp_path / "report.html")
    found = Parsed((tmp_path / "report.html").read_text())
    assert "1 run in 1 group of equal settings: 1 failed." in found.text
    assert "Runs and raw files" in found.text


def test_without_the_extra_the_failure_tells_what_to_install(
    runs_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "find_spec", lambda name: None if name == "matplotlib" else object())
    with pytest.raises(Failure, match="needs scipy and matplotlib") as raised:
        write_report(RunReader(runs_folder).list(), tmp_path / "report.html")
    assert raised.value.why == "not installed: matplotlib"
    assert "vmlm-tui[report]" in raised.value.hint


def test_a_report_that_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    write(tmp_path / "runs", "20261123T040000Z-guest1", tables())
    (tmp_path / "file").write_text("")
    with pytest.raises(Failure, match="The report cannot be written"):
        write_report(RunReader(tmp_path / "runs").list(), tmp_path / "file" / "report.html")


def test_the_forecasts_of_each_group_are_judged_in_a_table(tmp_path: Path) -> None:
    outcomes = [{"verdict_right": True, "total_error": each, "total_within": each < 0.3} for each in (0.1, -0.2, 0.5)]
    for minute, outcome in enumerate(outcomes):
        forecast = {"technique": "pre-copy", "converges": True, "outcome": outcome}
        write(tmp_path / "runs", f"20261123T040{minute}00Z-guest1", tables(20 + minute) | {"forecast": forecast})
    write_report(RunReader(tmp_path / "runs").list(), tmp_path / "report.html")
    text = Parsed((tmp_path / "report.html").read_text()).text
    assert "Forecast against outcome Each interval is to hold 80 % of the outcomes." in text
    assert "all runs 3 3 of 3 (100 %) 2 of 3 (67 %) 20 % - -" in text


def test_a_report_without_forecasts_has_no_such_table(parsed: Parsed) -> None:
    assert "Forecast against outcome" not in parsed.text
