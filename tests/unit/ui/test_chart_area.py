"""Areas of a chart, and the names at the ends of its curves."""

from dataclasses import replace

import pytest

from tui.ui.chart.area import column_values
from tui.ui.chart.curves import Curves
from tui.ui.chart.paper import BAND, EIGHTHS, ON_AREA, SERIES, Row
from tui.ui.chart.picture import AREA, BYTES, DOTS, PLAIN, THICK, Band, Level, Picture, Series, Sign
from tui.ui.chart.scale import Scale, cut
from tui.ui.chart.sheet import compose
from tui.ui.chart.spark import resampled, spark

MIB = 1 << 20
LEFT = 6  # columns left of the canvas

FALLING = Series("remaining", (0, 10, 10, 20), (1024 * MIB, 0, 512 * MIB, 0), "text-warning", AREA, now="0 B")
PICTURE = Picture("memory", BYTES, (FALLING,), level=Level(34 * MIB, "34 MiB fits 300 ms", "fits 300 ms"), ends=True)


def rows_of(picture: Picture, width: int = 80, height: int = 13) -> list[str]:
    return [row.text for row in compose(picture, width, height, Curves())]


def canvas(rows: list[str]) -> list[str]:
    """The columns between axis and margin."""
    return [row[LEFT:64] for row in rows[1:-1]]


def test_an_area_is_solid_from_its_value_down_to_the_axis() -> None:
    bare = canvas(rows_of(replace(PICTURE, level=None)))
    for column in zip(*bare, strict=True):
        filled = "".join(column).lstrip(" ")
        assert filled[1:] == "█" * len(filled[1:])
        assert filled[:1] in EIGHTHS


def test_an_area_with_floors_begins_at_them() -> None:
    band = Series("band", (0, 20), (960 * MIB, 960 * MIB), form=AREA, floors=(512 * MIB, 512 * MIB))
    columns = ["".join(column) for column in zip(*canvas(rows_of(Picture("memory", BYTES, (band,)))), strict=True)]
    whole = "".join(next(zip(*canvas(rows_of(Picture("memory", BYTES, (replace(band, floors=()),)))), strict=True)))
    half = len(whole) // 2
    assert columns[0] == whole[:-half] + " " * half
    assert set(columns[:40]) == {columns[0]}


def test_a_window_cuts_an_area_with_its_floors() -> None:
    band = Series("band", (0, 20), (960 * MIB, 960 * MIB), form=AREA, floors=(0, 960 * MIB))
    rows = canvas(rows_of(Picture("memory", BYTES, (band,), window=(10.0, 20.0))))
    columns = ["".join(column).count("█") for column in zip(*rows, strict=True)]
    assert columns[0] > columns[30] > columns[55] >= 0
    assert columns[0] <= len(rows) // 2 + 1


def test_a_text_inside_an_area_is_written_where_it_has_room_and_leaves_no_hole() -> None:
    area = replace(FALLING, inside="falls here")
    text = "falls\u00a0here"
    rows = compose(replace(PICTURE, series=(area,), level=None), 80, 13, Curves())
    row = next(row for row in rows if text in row.text)
    start = row.text.index(text)
    assert all(ink >= ON_AREA for ink in row.inks[start : start + len(text)])
    narrow = replace(PICTURE, series=(replace(area, inside="x" * 60),), level=None)
    assert not any("xxx" in each for each in rows_of(narrow))


def test_lines_signs_and_the_level_leave_no_hole_in_an_area() -> None:
    flat = Series("dirtying", (0, 20), (400 * MIB, 400 * MIB), "text-error", DOTS)
    picture = replace(PICTURE, series=(FALLING, flat), signs=(Sign(3, "P", "post-copy"), Sign(2, "d")))
    before = compose(replace(PICTURE, level=None), 80, 13, Curves())
    rows = compose(picture, 80, 13, Curves())
    assert {character for row in rows for character in row.text} >= set("•╌│")
    for old, new in zip(before[2:-1], rows[2:-1], strict=True):
        for column in (at for at, character in enumerate(old.text) if character == "█"):
            assert new.text[column] == "█" or new.inks[column] >= ON_AREA


def test_a_value_above_zero_is_always_visible_and_zero_is_not() -> None:
    series = Series("faults", (0, 5, 5, 10, 10, 15), (1000, 1000, 1, 1, 0, 0), form=AREA)
    bottom = canvas(rows_of(Picture("faults", PLAIN, (series,))))[-1].rstrip()
    assert "▁" in bottom
    assert bottom.endswith("▁")


def test_values_between_two_samples_are_interpolated_and_gaps_are_not() -> None:
    scale = Scale(10, 10, 10, 5)
    assert column_values((0, 9.5), (0, 9.5), scale) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 9.5]
    values = column_values((0, 2.5, 3, 7.5, 9), (5, 5, None, 5, 5), scale)
    assert values == [5, 5, 5, None, None, None, None, 5, 5, 5]


def test_the_largest_value_of_a_column_is_drawn() -> None:
    scale = Scale(1000, 10, 10, 5)
    ys = tuple(9.0 if n == 555 else 1.0 for n in range(1000))
    assert column_values(tuple(range(1000)), ys, scale) == [1, 1, 1, 1, 1, 9, 1, 1, 1, 1]


@pytest.mark.parametrize("rows", [2, 7, 11])
def test_ticks_are_where_an_area_of_their_value_ends(rows: int) -> None:
    flat = Series("remaining", (0, 15), (1024 * MIB, 1024 * MIB), form=AREA)
    drawn = rows_of(Picture("memory", BYTES, (flat,)), height=rows + 2)
    top = next(number for number, row in enumerate(drawn) if "█" in row)
    assert drawn[top].startswith("1024 ┤")
    assert drawn[-1].startswith("   0 └")


def test_names_and_values_are_at_the_ends_of_the_curves() -> None:
    rows = rows_of(PICTURE, 120)
    assert rows[-2].endswith(" remaining 0 B" + " " * 6)
    assert rows[-3].rstrip().endswith(" 34 MiB fits 300 ms")
    assert "remaining" not in rows[0]


@pytest.mark.parametrize(
    ("now", "shown"),
    [
        ("0 B", "remaining 0 B"),
        ("292 MiB", "remain… 292 MiB"),
        ("61,234,567", "rem… 61,234,567"),
        ("61,234,567,890", "61,234,567,890"),
        ("1,061,234,567,890", "remaining"),
        ("", "remaining"),
    ],
)
def test_a_narrower_chart_keeps_the_values_and_shortens_the_names(now: str, shown: str) -> None:
    rows = rows_of(replace(PICTURE, series=(replace(FALLING, now=now),)), 80)
    assert rows[-2].rstrip().endswith(f" {shown}")
    assert rows[-3].rstrip().endswith(" fits 300 ms")
    assert all(len(row) == 80 for row in rows)


def test_a_level_keeps_its_value_where_its_name_is_shortened() -> None:
    level = Level(34 * MIB, "at first 61,234,567 additions/s", "at first", "61,234,567", limit=False)
    assert [row for row in rows_of(replace(PICTURE, level=level)) if row.rstrip().endswith(" at… 61,234,567")]
    assert [row for row in rows_of(replace(PICTURE, level=level), 120) if row.rstrip().endswith(" at first 61,234,567")]


def test_a_chart_without_room_for_names_has_a_legend() -> None:
    title = rows_of(PICTURE, 59)[0]
    assert "▄▄ remaining" in title


def test_a_limit_whose_meaning_has_no_room_is_called_a_limit() -> None:
    picture = replace(PICTURE, level=Level(34 * MIB, "34 MiB fits 10000000 ms", "fits 10000000 ms"))
    assert [row for row in rows_of(picture) if row.rstrip().endswith(" limit")]
    assert [row for row in rows_of(picture, 120) if row.rstrip().endswith(" fits 10000000 ms")]


def test_two_ends_at_one_value_are_below_each_other() -> None:
    both = tuple(Series(name, (0, 10), (5, 5)) for name in ("sending", "dirtying"))
    rows = rows_of(Picture("rate", PLAIN, both, ends=True))
    found = [number for number, row in enumerate(rows) if row.rstrip().endswith(("sending", "dirtying"))]
    assert len(found) == 2
    assert found[1] - found[0] == 1


def test_a_new_value_changes_the_end_of_the_area_only() -> None:
    before: tuple[Row, ...] = ()
    for seconds in range(5, 14):
        xs = tuple(range(seconds))
        series = Series("remaining", xs, tuple(1024 * MIB - x * 50 * MIB for x in xs), form=AREA)
        rows = compose(Picture("memory", BYTES, (series,), least_top=1024 * MIB), 120, 13, Curves())
        if before:
            changed = sum(e - s for old, new in zip(before, rows, strict=True) for s, e in old.changes(new))
            assert 0 < changed <= 12 * 13
            first = min(s for old, new in zip(before, rows, strict=True) for s, _ in old.changes(new))
            assert first >= LEFT + (seconds - 2) * 114 // 15
        before = rows


@pytest.mark.parametrize(("begin", "end", "columns"), [(5, 5.001, 1), (5, 10, 16), (19.99, 30, 1)])
def test_a_band_is_at_least_a_column_wide_and_has_its_text_beside_it(begin: float, end: float, columns: int) -> None:
    picture = replace(PICTURE, window=(0.0, 20.0), bands=(Band(begin, end, "libvirt pause 37 ms"),))
    rows = compose(picture, 80, 13, Curves())
    assert [row.text.count("▒") for row in rows[1:-1]] == [columns] * 11
    assert "libvirt pause 37 ms" in rows[1].text
    assert any(row.inks[row.text.index("▒")] == BAND + ON_AREA for row in rows[1:-1]) == (begin < 6)


@pytest.mark.parametrize("moment", [5.0, 5.5, 6.0, 7.0, 8.0])
def test_the_cursor_leaves_the_texts_of_bands_and_signs_readable(moment: float) -> None:
    band, sign = Band(5, 5.001, "libvirt pause 37 ms"), Sign(15, "d", "downtime")
    picture = replace(PICTURE, window=(0.0, 20.0), bands=(band,), signs=(sign,))
    for cursor in (moment, 15.0):
        rows = rows_of(replace(picture, cursor=cursor))
        assert "libvirt pause 37 ms" in rows[1].replace("┃", " ")
        assert "d" in rows[1][LEFT + 20 :]
        assert all("┃" in row for row in rows[2:-1])


def test_a_time_without_values_is_hatched_where_there_is_no_value() -> None:
    gap = Series("remaining", (0, 5, 5, 15, 20), (100, 100, None, 100, 100), form=AREA)
    rows = rows_of(Picture("memory", PLAIN, (gap,), unknown=((5.0, 15.0),), window=(0.0, 20.0)))
    hatched = {column for row in rows[1:-1] for column, character in enumerate(row) if character == "░"}
    assert hatched == set(range(min(hatched), max(hatched) + 1))
    assert 35 <= len(hatched) <= 38


def test_a_spark_has_a_bar_for_each_value() -> None:
    assert spark([0, 1, 50, 100]) == " ▁▄█"
    assert spark([1, 2], 16) == "▁▁"
    assert spark([]) == ""
    assert resampled([0, 1, 2, 3, 4], [0, 1, 2, 3, 4], 2) == [2, 4]
    assert resampled([5], [7], 3) == [7, 7, 7]
    assert resampled([], [], 3) == []


@pytest.mark.parametrize(
    ("rows", "labels"),
    [
        (14, "4 16 64 256 1024"),
        (11, "1 4 16 64 256 1024"),
        (5, "1 4 16 64 256 1024"),
        (3, "2 16 128 1024"),
        (1, "64 1024"),
    ],
)
def test_a_logarithmic_axis_has_powers_of_two_on_its_rows(rows: int, labels: str) -> None:
    drawn = rows_of(replace(PICTURE, log=True), height=rows + 2)
    assert "memory, MiB, logarithmic" in drawn[0]
    assert [row[:4].strip() for row in reversed(drawn[1:]) if row[:4].strip()] == labels.split()


def test_each_tick_of_a_logarithmic_axis_is_where_an_area_of_its_value_ends() -> None:
    for value, rows in ((1024, 10), (64, 6), (1, 0)):
        flat = Series("remaining", (0, 15), (value * MIB, value * MIB), form=AREA)
        drawn = rows_of(Picture("memory", BYTES, (flat,), log=True, least_top=1024 * MIB), height=13)
        assert sum(row[10] == "█" for row in drawn) == rows
        assert drawn[-2][10] in "█▁"


def test_the_axis_of_a_small_vm_has_its_place_on_a_logarithmic_scale_too() -> None:
    flat = Series("remaining", (0, 15), (64 * MIB, 64 * MIB), form=AREA)
    for height in range(4, 40):
        assert rows_of(Picture("memory", BYTES, (flat,), log=True), height=height)[1][LEFT - 1] in "│┤"


@pytest.mark.parametrize(("highest", "log"), [(0.0004, False), (0.003, True), (0.5, True)])
def test_tiny_values_have_labels_that_differ_or_none(highest: float, *, log: bool) -> None:
    rows = rows_of(Picture("rate", PLAIN, (Series("a", (0, 1), (0, highest)),), log=log), height=16)
    labels = [row[:5].strip() for row in rows[1:] if row[:5].strip()]
    assert len(set(labels)) == len(labels)
    assert ".000" not in labels


def test_the_value_axis_fits_the_part_of_the_time_that_is_shown() -> None:
    rows = rows_of(replace(PICTURE, window=(10.5, 20.0)))
    assert any(row.startswith(" 512 ┤") for row in rows[1:3])
    assert not any("1024" in row for row in rows)
    empty = rows_of(replace(PICTURE, window=(30.0, 40.0), empty="Nothing has been sent yet."))
    assert not any("Nothing" in row for row in empty)  # only of a picture without any value


def test_each_curve_has_its_letter_above_its_last_value() -> None:
    curves = (
        Series("A", (0, 10), (100, 50)),
        Series("B", (0, 20), (100, 0)),
        Series("C", (0, 20), (80, 0)),
        Series("D", (0, 5, 6), (90, 100, None)),
        Series("E", (), ()),
    )
    rows = rows_of(Picture("memory", PLAIN, curves, lettered=True, window=(0.0, 20.0)), 60, 12)
    places = {
        letter: (at, row.index(letter)) for at, row in enumerate(rows) if at for letter in "ABCDE" if letter in row
    }
    assert places == {"A": (5, 33), "B": (9, 59), "C": (8, 59), "D": (1, 19)}


THICK_CURVES = (Series("A", (0, 20), (100, 100), form=THICK), Series("B", (0, 20), (100, 0), form=THICK))
THICK_PICTURE = Picture("memory", PLAIN, THICK_CURVES, lettered=True, window=(0.0, 20.0))


def test_a_thick_curve_has_its_letter_on_it_again_and_again() -> None:
    rows = rows_of(THICK_PICTURE, 60, 12)[1:-1]
    assert sum(row.count("A") for row in rows) >= 3
    assert len({at for at, row in enumerate(rows) if "B" in row}) >= 3  # along its fall


def test_thick_curves_that_overlap_are_shown_in_turn() -> None:
    both = replace(THICK_PICTURE, lettered=False, series=(THICK_CURVES[0], replace(THICK_CURVES[0], name="B")))
    inks = next(
        row.inks[8:] for row in compose(both, 60, 12, Curves())[1:] if row.text.count("⠉") + row.text.count("⠛") > 9
    )
    assert {ink for ink in inks if ink >= SERIES} == {SERIES, SERIES + 1}


def test_an_area_that_is_cut_has_a_floor_for_each_of_its_values() -> None:
    """Its line may be broken at an edge where that of its floors is not: the end of the axis is rounded."""
    hangs = Series("hangs", (0, 1, 2, 3), (None, 8, 9, None), form=AREA, floors=(0, 1, 2, 3))
    found = cut(hangs, Scale(2.5, 10, 40, 4))
    assert (found.xs, found.ys, found.floors) == ((0, 1, 2), (None, 8, 9), (0, 1, 2))
    broken = cut(replace(hangs, ys=(7, 8, 9, 10), floors=(0, 1, 2, None)), Scale(2.5, 10, 40, 4))
    assert (broken.xs, broken.floors) == ((0, 1, 2, 2.5), (0, 1, 2, None))
