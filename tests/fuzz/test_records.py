"""raw.jsonl and libvirt's job statistics: read, added to a timeline, and drawn."""

import ast
import json
import math
from pathlib import Path

import tomli_w

from tests.fuzz.inputs import files, json_lines, reads, texts, trees
from tests.unit.fakes import RECORDINGS
from tests.unit.migration.foretold import BUSY, IDLE, foretold
from tui.core.plan import AT_ONCE, PRE_COPY, UNKNOWN, Plan
from tui.core.vm import Vm
from tui.migration.backend.recording.recorder import without_none
from tui.migration.backend.recording.run_files import has_end, in_use, read_records
from tui.migration.backend.recording.run_summary import summary
from tui.migration.backend.unfinished import unfinished_runs
from tui.migration.model import domjobinfo
from tui.migration.model.call.migrate_call import Call
from tui.migration.model.call.recorded_script import recorded
from tui.migration.model.ending.evidence import ending
from tui.migration.model.forecasts import Forecasts
from tui.migration.model.outlook import cone
from tui.migration.model.record import FORECAST, Event, Sample, from_line, to_line
from tui.migration.model.timeline import Timeline
from tui.migration.model.verdict import sentence
from tui.migration.widgets.charts import guest_picture, memory_picture, rate_picture
from tui.migration.widgets.curves import span_of
from tui.migration.widgets.forecast_mark import forecast_mark
from tui.migration.widgets.log_pane import event_lines, stat_lines
from tui.migration.widgets.phase_line import phase_line
from tui.migration.widgets.summary import outcome_lines
from tui.migration.widgets.tiles import tiles
from tui.ui.chart.cone import draw_cone
from tui.ui.chart.paper import Paper
from tui.ui.chart.picture import Cone
from tui.ui.chart.scale import Scale
from tui.ui.chart.sheet import compose

WIDTH = 79
RAW = {path.stem: path.read_text("utf-8") for path in sorted(RECORDINGS.glob("*.jsonl"))}
LINES = [line for text in RAW.values() for line in text.splitlines()]
VM = Vm("guest1", "0054f024", "running", "", 2, 1 << 30)


def short(text: str) -> list[dict[str, object]]:
    """A part of a recording: each kind of event, and the sample at which each pass begins."""
    kept: dict[object, dict[str, object]] = {}
    for line in text.splitlines():
        each = json.loads(line)
        kept.setdefault(
            (each["kind"], each.get("action"), each.get("made"), each.get("stats", {}).get("memory_iteration")), each
        )
    return list(kept.values())


SHORT = [short(text) for text in RAW.values()]
SHORT += [
    short("".join(f"{to_line(each)}\n" for each in foretold(name, inputs, technique)))
    for name, inputs, technique in (("pre-copy-idle", IDLE, PRE_COPY), ("post-copy-by-hand", BUSY, AT_ONCE))
]


def draw(timeline: Timeline) -> None:
    """All lines of the pages about a migration; none is wider than the screen."""
    sentence(timeline, timeline.now)
    lines = [phase_line(timeline, timeline.now, WIDTH), *tiles(timeline, timeline.now, WIDTH)]
    lines += outcome_lines(timeline, Path("/runs/x"), "source", WIDTH, str)
    assert max(line.cell_length for line in lines) <= WIDTH
    for columns in (0, 60):
        mark = forecast_mark(timeline, Scale(max(0.1, timeline.now), 1.0, columns, 1), 6, WIDTH)
        assert mark is None or mark.cell_length <= WIDTH
    cells = compose(memory_picture(timeline), WIDTH, 12, None)
    assert {len(row.text) for row in cells} == {WIDTH}
    draw_cone(Paper(WIDTH, 12), Cone(cone(timeline)), Scale(span_of(timeline), 1e9, WIDTH - 6, 10), 6)
    ending(timeline.events, "source")
    if not timeline.options.get("imported") and timeline.technique != UNKNOWN and timeline.options:
        script = recorded(timeline, "qemu:///system", "qemu+ssh://b/system", lambda _plan: Call(1, {}))
        assert "migrate" in script.virsh
        ast.parse(script.python)
    for event in timeline.events:
        event_lines(event)
    if timeline.last:
        stat_lines(timeline.last.stats, WIDTH)
    figures = summary(Plan("guest1"), VM, {}, "2026-11-23T04:00:13.932Z", timeline, timeline.phase)
    tomli_w.dumps(without_none(figures)).encode()


def watch(log: str) -> Timeline:
    """The timeline of a log without its invalid lines, read and drawn as the app does."""
    timeline = Timeline()
    for line in log.splitlines():
        try:
            each = from_line(line)
        except ValueError:  # run_files.records_of catches it
            continue
        timeline.add(each)
        sentence(timeline, timeline.now)
    draw(timeline)
    return timeline


def test_a_damaged_line_is_a_record_or_a_value_error() -> None:
    # run_files.records_of and has_end catch the ValueError
    reads(texts(*LINES), lambda line: to_line(from_line(line)), ValueError)


def test_records_with_odd_values_are_added_and_drawn() -> None:
    def read(log: str) -> None:
        timeline = watch(log)
        for picture in (memory_picture(timeline), rate_picture(timeline), guest_picture(timeline)):
            assert math.isfinite(picture.last_x)
            assert math.isfinite(picture.highest_y)

    reads(json_lines(*SHORT), read)


def test_a_damaged_log_is_read_and_drawn(tmp_path: Path) -> None:
    raw = tmp_path / "run" / "raw.jsonl"
    raw.parent.mkdir()

    def read(data: bytes) -> None:
        raw.write_bytes(data)
        draw(Timeline(read_records(raw)))
        assert not in_use(raw)
        has_end(raw)

    reads(files(*("".join(f"{json.dumps(each)}\n" for each in records) for records in SHORT)), read)


def test_a_damaged_log_without_an_end_is_taken_up(tmp_path: Path) -> None:
    raw = tmp_path / "run" / "raw.jsonl"
    raw.parent.mkdir()
    unended = [[each for each in records if each["kind"] != "end"] for records in SHORT]

    def read(log: str) -> None:
        raw.write_text(log)
        for each in unfinished_runs(tmp_path):
            Timeline(each.records)

    reads(json_lines(*unended), read)


STATS = [each["stats"] for records in SHORT for each in records if each.get("stats")]


def test_odd_statistics_are_written_as_text_and_read_again() -> None:
    # json.dumps writes inf and nan, which from_line refuses
    def record(stats: dict[str, object]) -> None:
        domjobinfo.text(stats).encode()
        from_line(to_line(Sample(1.0, "now", stats)))

    reads(trees(*STATS), record, ValueError)


FORETOLD = foretold("post-copy-by-hand", BUSY, AT_ONCE)
FORECASTS = [dict(each.data) for each in FORETOLD if isinstance(each, Event) and each.kind == FORECAST]


def test_a_damaged_forecast_is_drawn_while_it_runs_and_once_it_is_over() -> None:
    records = [each for each in FORETOLD if getattr(each, "kind", "") != FORECAST]
    running = [Timeline(each for each in records if each.t <= moment) for moment in (0.5, 3.1, 8.0, 16.5)]
    over = Timeline(records)

    def read(data: object) -> None:
        if not isinstance(data, dict):
            return
        try:
            made = from_line(to_line(Event(8.0, "", FORECAST, data)))
        except ValueError:  # run_files.records_of catches it
            return
        for timeline in (*running, over):
            timeline.forecasts = Forecasts()
            timeline.add(made)
            sentence(timeline, timeline.now)
            draw(timeline)

    reads(trees(*FORECASTS[:3], FORECASTS[-1]), read)
