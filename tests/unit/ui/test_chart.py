"""The chart without a screen: scales, curves and characters."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest

from tui.ui.chart.curves import DOT, NO_SERIES, Curves, Layer
from tui.ui.chart.paper import BLANK, ON_AREA, SERIES, Row
from tui.ui.chart.picture import AREA, BYTES, BYTES_PER_SECOND, DOTS, PLAIN, Level, Picture, Series, Sign
from tui.ui.chart.scale import Scale, cut, strokes, time_span, time_ticks, unit_for, value_axis
from tui.ui.chart.sheet import compose

GIB = 1 << 30
MIB = 1 << 20


def wave(count: int, each_s: float = 1.0) -> Series:
    """A saw-tooth with a period of ten seconds."""
    xs = tuple(each_s * n for n in range(count))
    return Series("remaining", xs, tuple(10 - x % 10 for x in xs), "red", AREA)


def rise(count: int, each_s: float = 1.0) -> Series:
    xs = tuple(each_s * n for n in range(count))
    return Series("sent", xs, xs)


def texts(picture: Picture, width: int = 80, height: int = 10) -> list[str]:
    return [row.text for row in compose(picture, width, height, Curves())]


# -- scales --


@pytest.mark.parametrize(
    ("seconds", "span"),
    [(0, 15), (15, 15), (15.1, 30), (31, 60), (61, 120), (601, 900), (7201, 3 * 3600), (100_000, 30 * 3600)],
)
def test_the_time_axis_grows_in_steps(seconds: float, span: float) -> None:
    assert time_span(seconds) == span


def test_the_time_axis_is_at_least_as_long_as_the_run() -> None:
    assert all(time_span(seconds) >= seconds for seconds in range(0, 10 * 86400, 977))


@pytest.mark.parametrize("columns", [20, 73, 114, 200])
def test_time_labels_have_one_unit_and_do_not_touch(columns: int) -> None:
    for span in {time_span(seconds) for seconds in range(0, 10 * 86400, 977)}:
        ticks = time_ticks(span, columns)
        assert len({label.split()[1] for _, label in ticks}) <= 1
        scale = Scale(span, 1, columns, 1)
        for (one, label), (other, _) in pairwise(ticks):
            assert scale.column(other) - scale.column(one) > len(label) + 2


@pytest.mark.parametrize("begin", [0.0, 7.7])
def test_a_time_axis_with_room_for_one_label_has_one(begin: float) -> None:
    for tenths in range(2, 10 * 86400, 97):
        assert 1 <= len(time_ticks(tenths / 10, 18, begin)) <= 2


@pytest.mark.parametrize(
    ("span", "begin", "label"),
    [
        (600, 43200, "12:02:00"),
        (6, 43200, "12:00:02"),
        (2, 7200, "2:00:00.5"),
        (86400, 7200, "6 h"),
        (60, 120, "135 s"),
    ],
)
def test_a_part_of_a_long_run_is_labelled_by_hours_minutes_and_seconds(span: float, begin: float, label: str) -> None:
    assert time_ticks(span, 80, begin)[0][1] == label


@pytest.mark.parametrize(
    ("highest", "name"),
    [(0, "B"), (1023, "B"), (2048, "KiB"), (36 * MIB, "MiB"), (GIB, "MiB"), (2 * GIB, "GiB"), (1 << 60, "TiB")],
)
def test_the_unit_is_the_largest_of_which_the_value_has_two(highest: int, name: str) -> None:
    assert unit_for(BYTES, highest).name == name


@pytest.mark.parametrize(("rows", "labels"), [(5, [1024]), (11, [512, 1024]), (16, [256, 512, 768])])
def test_the_ticks_of_memory_are_powers_of_two(rows: int, labels: list[float]) -> None:
    axis = value_axis(1024.5, rows, binary=True)
    assert [value for _, value in axis.ticks(rows)][1 : len(labels) + 1] == labels
    assert axis.top < 1.3 * 1024


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("rows", [1, 2, 3, 5, 8, 13, 21, 40])
def test_the_value_axis_has_equal_steps_of_round_numbers_and_fits_its_values(rows: int, *, binary: bool) -> None:
    for tenth in range(1, 20000, 7):
        axis = value_axis(tenth / 10, rows, binary=binary)
        ticks = axis.ticks(rows)
        assert ticks[0] == (0, 0)
        assert {upper[0] - lower[0] for lower, upper in pairwise(ticks)} == {axis.rows_each}
        assert 0.98 * tenth / 10 <= axis.top <= (2 if rows > 1 else 2.5) * tenth / 10
        digits = f"{axis.step:e}"[0]
        assert math.log2(axis.step).is_integer() if binary else digits in "125"


# -- fewer points --


def test_the_lowest_and_highest_of_thousands_of_points_in_a_column_are_kept() -> None:
    scale = Scale(100, 10, 10, 4)
    xs = tuple(n / 100 for n in range(10_000))
    ys = tuple(10.0 if n == 4321 else 0.0 if n == 8765 else 5.0 for n in range(10_000))
    (stroke,) = strokes(xs, ys, scale)
    assert (scale.dot_column(43.21), 15) in stroke
    assert (scale.dot_column(87.65), 0) in stroke
    assert len(stroke) <= 2 + 4 + 4


def test_the_number_of_drawn_points_is_bounded_by_the_columns() -> None:
    scale = Scale(3600, 1, 113, 13)
    xs = tuple(n / 10 for n in range(36_000))
    noise = tuple(math.sin(n * n) ** 2 for n in range(36_000))
    (stroke,) = strokes(xs, noise, scale)
    assert len(stroke) <= 4 * scale.columns


def test_a_saw_tooth_finer_than_a_column_keeps_its_height() -> None:
    scale = Scale(3600, 10, 60, 5)
    each = wave(3600)
    (stroke,) = strokes(each.xs, each.ys, scale)
    for column in range(scale.columns):
        rows = [row for at, row in stroke if at // 2 == column]
        assert max(rows) - min(rows) >= 16


def test_a_straight_line_is_drawn_from_its_ends() -> None:
    assert strokes((0, 1, 2, 3, 4), (0, 0, 0, 0, 0), Scale(10, 1, 10, 1)) == [[(0, 0), (8, 0)]]


def test_a_missing_sample_breaks_the_stroke() -> None:
    found = strokes((0, 1, 2, 3, 4), (0, 1, None, 1, 0), Scale(10, 1, 10, 1))
    assert found == [[(0, 0), (2, 3)], [(6, 3), (8, 0)]]
    assert strokes((0, 1), (None, None), Scale(10, 1, 10, 1)) == []


# -- curves --

CANVAS = Scale(60, 10, 30, 4)


def cells_of(layer: Layer, owner: int) -> set[tuple[int, int]]:
    return {(c, r) for r, row in enumerate(layer.owners) for c, each in enumerate(row) if each == owner}


def test_every_dot_is_drawn_in_its_place() -> None:
    bits = ((0x40, 0x80), (0x04, 0x20), (0x02, 0x10), (0x01, 0x08))  # of braille, from the bottom up
    scale = Scale(6, 11, 3, 3)
    for column in range(6):
        for row in range(12):
            layer = Curves().draw((Series("a", (column,), (row,)),), scale)
            assert cells_of(layer, 0) == {(column // 2, 2 - row // 4)}
            assert layer.characters[2 - row // 4][column // 2] == chr(0x2800 + bits[row % 4][column % 2])


def test_a_run_drawn_point_by_point_equals_one_drawn_at_once() -> None:
    curves = Curves()
    for count in range(1, 61):
        layer = curves.draw((wave(count), rise(count // 6)), CANVAS)
        fresh = Curves().draw((wave(count), rise(count // 6)), CANVAS)
        assert cells_of(layer, NO_SERIES) == cells_of(fresh, NO_SERIES)


def test_a_new_point_changes_no_column_before_the_last_point() -> None:
    curves = Curves()
    before = [row.copy() for row in curves.draw((wave(40),), CANVAS).characters]
    after = curves.draw((wave(41),), CANVAS).characters
    changed = {c for old, new in zip(before, after, strict=True) for c in range(30) if old[c] != new[c]}
    assert changed
    assert min(changed) >= CANVAS.column(39)


def test_changed_old_points_or_another_scale_redraw_the_curve() -> None:
    curves = Curves()
    curves.draw((wave(40),), CANVAS)
    other = replace(wave(40), ys=(5.0,) * 40)
    assert curves.draw((other,), CANVAS) == Curves().draw((other,), CANVAS)
    narrow = replace(CANVAS, columns=12)
    assert curves.draw((other,), narrow) == Curves().draw((other,), narrow)


def test_overlapping_lines_and_dots_alternate() -> None:
    flat = Series("sending", (0, 59), (5, 5))
    layer = Curves().draw((flat, replace(flat, form=DOTS)), CANVAS)
    assert len(cells_of(layer, 0)) == len(cells_of(layer, 1)) == 15
    assert {layer.characters[r][c] for c, r in cells_of(layer, 1)} == {DOT}


def test_columns_without_samples_are_blank() -> None:
    xs = tuple(range(60))
    series = Series("sent", xs, tuple(None if 20 <= x < 40 else 5 for x in xs))
    owners = Curves().draw((series,), CANVAS).owners
    empty = {c for c in range(30) if all(row[c] == NO_SERIES for row in owners)}
    assert empty == set(range(10, 20))


# -- the whole chart --

PICTURE = Picture(
    "memory",
    BYTES,
    (
        Series("remaining", (0, 10, 11, 20), (8 * GIB, 0, 4 * GIB, 0), "text-warning", AREA),
        Series("sent", (0, 20), (0, 12 * GIB)),
    ),
    (Sign(10, "d", "downtime"), Sign(15, "P", "post-copy")),
    Level(2 * GIB, "must get under 2 GiB"),
    subtitle="12 GiB sent",
)


def test_the_frame_has_the_title_and_the_legend() -> None:
    title = texts(PICTURE, 120)[0]
    for words in (
        "memory, GiB",
        "▄▄ remaining",
        "⠒⠒ sent",
        "╌╌ must get under",
        "d downtime",
        "P post-copy",
        "12 GiB sent",
    ):
        assert words in title


def test_a_narrow_frame_names_the_curves_first() -> None:
    assert texts(PICTURE, 42)[0].startswith("─ memory, GiB ─ ▄▄ remaining  ⠒⠒ sent ")


def test_the_labels_of_the_axes_are_round_numbers() -> None:
    rows = texts(PICTURE, 80, 14)
    assert [row[:4].strip() for row in rows[1:] if row[:4].strip()] == ["12", "8", "4", "0"]
    assert " 10 s " in rows[-1]
    assert " 20 s " in rows[-1]


def test_a_long_label_is_not_cut() -> None:
    rows = texts(Picture("pages", PLAIN, (Series("a", (0, 1), (0, 123456)),)))
    assert [row.split(" ┤")[0] for row in rows if "┤" in row] == ["100000", " 50000"]


def test_the_level_is_drawn_where_there_is_no_curve() -> None:
    rows = texts(PICTURE)
    (row,) = (row for row in rows[1:] if "╌" in row)
    assert row.endswith("╌" * 20)


def test_letters_of_one_moment_are_side_by_side() -> None:
    signs = (Sign(15, "d"), Sign(15, "b"), Sign(15, "c"), Sign(15.01, "d"))
    row = texts(replace(PICTURE, series=(rise(16),), signs=signs))[1]
    assert "cdb" in row
    assert row.count("d") == 1


def test_letters_at_the_end_are_inside_the_chart() -> None:
    signs = tuple(Sign(15, mark) for mark in "dbc!")
    row = texts(replace(PICTURE, series=(rise(16),), signs=signs))[1]
    assert all(mark in row for mark in "dbc!")


def test_the_legend_has_all_meanings_of_a_letter() -> None:
    signs = (Sign(1, "!", "5 s gap"), Sign(2, "d", "downtime"), Sign(3, "!", "paused"), Sign(4, "!", "5 s gap"))
    (frame, *_) = texts(Picture("memory", series=(wave(8),), signs=signs))
    assert " ! 5 s gap  d downtime  ! paused ─" in frame


def test_a_letter_is_above_its_line() -> None:
    rows = texts(PICTURE)
    column = rows[1].index("P")
    assert rows[2][column] == "│"


def test_a_window_shows_a_part_of_the_time_axis_with_the_values_at_its_edges() -> None:
    series = Series("sent", (0, 10, 20, 30), (0, 10, None, 30))
    scale = Scale(4, 10, 40, 4, begin=8)
    assert cut(series, scale) == replace(series, xs=(8, 10), ys=(8, 10))
    assert cut(series, replace(scale, begin=3)).xs == (3, 7)
    assert cut(series, replace(scale, begin=22)).xs == ()
    assert cut(series, replace(scale, begin=0, span=30)) is series
    rows = texts(replace(PICTURE, window=(9.0, 21.0)))
    assert " 10 s " in rows[-1]
    assert " 5 s " not in rows[-1]


@pytest.mark.parametrize("window", [(0.0, 1.0), (9.0, 10.0)])
def test_a_window_before_the_first_or_after_the_last_value_shows_none(window: tuple[float, float]) -> None:
    late = replace(wave(5), xs=(3.0, 4.0, 5.0, 6.0, 7.0))
    rows = texts(Picture("memory", series=(late,), window=window))
    assert not set("".join(rows[1:-1])) - set(" │┤└0123456789.")


def test_a_chart_above_another_one_has_no_labels_of_time() -> None:
    assert " 10 s " in texts(PICTURE)[-1]
    assert set(texts(replace(PICTURE, times=False))[-1]) == set(" 0└─")


def test_before_the_first_value_the_frame_shows_a_sentence() -> None:
    rows = texts(Picture("memory", BYTES, (Series("sent", (0,), (None,)),), empty="Nothing has been sent yet."))
    assert rows[0].startswith("─ memory, B ──")
    assert any("Nothing has been sent yet." in row for row in rows)
    assert "sent" not in rows[0]
    assert not any(character.isdigit() for row in rows for character in row)


@pytest.mark.parametrize(("height", "cut"), [(10, False), (5, False), (4, True), (3, True)])
def test_a_sentence_wider_than_its_frame_is_wrapped(height: int, cut: bool) -> None:
    sentence = "There is no reply: root@guest1 can't be reached over ssh: nothing answers there. " * 2
    rows = texts(Picture("guest", BYTES, (), empty=sentence.strip()), height=height)
    assert len(rows) == height
    assert rows[-1].strip().startswith("└")
    shown = " ".join(row.replace("│", " ").strip() for row in rows[1:-1])
    assert ("…" in shown) == cut
    assert cut or shown.split() == sentence.split()


def test_the_frame_is_drawn_before_plotext_is_loaded() -> None:
    rows = [row.text for row in compose(PICTURE, 80, 10, None)]
    assert "memory, GiB" in rows[0]
    assert not any("⠀" <= character <= "⣿" for row in rows[1:] for character in row)


def test_text_has_one_cell_per_character_and_no_markup() -> None:
    picture = replace(PICTURE, title="[red]x[/red]\x1b[2J\n", subtitle="仮想 guest")
    rows = compose(picture, 80, 10, Curves())
    assert "[red]x[/red]?[2J?" in rows[0].text
    assert "?? guest" in rows[0].text


def test_the_chart_can_be_drawn_in_any_size() -> None:
    curves = Curves()
    for width in [*range(30), 120]:
        for height in [*range(8), 40]:
            rows = compose(PICTURE, width, height, curves)
            assert [len(row.text) for row in rows] == [width] * height
            assert [len(row.inks) for row in rows] == [width] * height


def test_the_chart_shows_the_whole_run_of_any_length() -> None:
    for hours in (0.01, 1, 30, 300):
        series = Series("sent", (0, hours * 1800, hours * 3600), (1, 3, 2))
        (stroke,) = strokes(series.xs, series.ys, Scale(time_span(hours * 3600), 3, 100, 10))
        assert len({column for column, _ in stroke}) == 3


# -- changes --


def row_of(text: str, inks: str) -> Row:
    return Row(text, bytes(map(int, inks)))


def test_changes_are_the_ranges_that_differ() -> None:
    old = row_of("abcdefghij", "1111111111")
    assert old.changes(row_of("abcdefghij", "1111111111")) == []
    assert old.changes(row_of("xbcdefghiy", "1111111111")) == [(0, 1), (9, 10)]
    assert old.changes(row_of("abXdYfghij", "1111111111")) == [(2, 5)]
    assert old.changes(row_of("abcdefghij", "1111111112")) == [(9, 10)]


def test_another_ink_of_a_blank_is_no_change() -> None:
    assert row_of("a b", "101").changes(row_of("a b", "121")) == []


def test_each_run_has_one_ink_and_blanks_start_no_run() -> None:
    assert list(row_of("  ab  c d", "001100203").runs()) == [("  ab  ", 1), ("c ", 2), ("d", 3)]
    assert list(row_of("   ", "000").runs()) == [("   ", BLANK)]


def test_blanks_beside_a_character_on_an_area_are_not_filled() -> None:
    row = Row(" a  b", bytes((BLANK, 2 | ON_AREA, BLANK, BLANK, 2)))
    assert list(row.runs()) == [(" ", BLANK), ("a", 2 | ON_AREA), ("  b", 2)]


def test_one_more_second_of_a_migration_changes_few_characters() -> None:
    curves, before, changed = Curves(), None, []
    for count in range(70, 110):
        rates = Series("sending", rise(count).xs, tuple(600.0 * MIB + 20 * MIB * (n % 3) for n in range(count)))
        dirty = replace(rates, name="dirtying", form=DOTS)
        rows = compose(Picture("rate", BYTES_PER_SECOND, (rates, dirty)), 120, 14, curves)
        if before is not None:
            ranges = [each for old, new in zip(before, rows, strict=True) for each in old.changes(new)]
            changed.append(sum(end - start for start, end in ranges))
        before = rows
    assert 0 < max(changed) <= 12


def test_each_series_has_its_own_ink() -> None:
    inks = {ink for row in compose(PICTURE, 120, 14, Curves()) for ink in row.inks}
    assert {SERIES, SERIES + 1} <= inks
