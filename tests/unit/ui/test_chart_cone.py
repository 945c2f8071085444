"""What is expected, ahead of an area."""

from dataclasses import replace

from tui.ui.chart.cone import BRAILLE, NOW, NOW_LINE
from tui.ui.chart.curves import Curves
from tui.ui.chart.paper import AHEAD, EIGHTHS, Row
from tui.ui.chart.picture import AREA, BYTES, Cone, Level, Picture, Series
from tui.ui.chart.sheet import compose

MIB = 1 << 20
LEFT = 6  # columns left of the canvas
PAST = Series("remaining", (0.0, 10.0), (1024 * MIB, 512 * MIB), "text-warning", AREA)
AHEAD_OF_IT = Cone(((10.0, 512 * MIB, 512 * MIB), (20.0, 0, 256 * MIB), (20.0, 256 * MIB, 300 * MIB), (25.0, 0, 0)))
PICTURE = Picture("memory", BYTES, (PAST,), span_s=30, cone=AHEAD_OF_IT)


def drawn(picture: Picture, width: int = 66, height: int = 18) -> tuple[Row, ...]:
    return compose(picture, width, height, Curves())[1:-1]


def column(rows: tuple[Row, ...], second: float) -> list[str]:
    at = LEFT + int(second * 2)
    return [row.text[at] for row in rows]


def stippled(characters: list[str]) -> list[int]:
    """The rows with dots."""
    return [n for n, each in enumerate(characters) if BRAILLE < ord(each) < BRAILLE + 256]


def test_it_differs_from_what_was_without_colours_and_begins_at_now() -> None:
    rows = drawn(PICTURE)
    assert {each for each in column(rows, 5) if each != " "} <= set(EIGHTHS)
    assert NOW_LINE in column(rows, 10.1)
    assert any(NOW in row.text for row in rows)
    assert stippled(column(rows, 12))
    assert not set(column(rows, 12)) & set(EIGHTHS[1:])
    inks = {row.inks[LEFT + n] for row in rows for n in range(24, 50) if ord(row.text[LEFT + n]) > BRAILLE}
    assert inks == {AHEAD}


def test_it_is_as_high_as_its_bounds_differ() -> None:
    rows = drawn(PICTURE)
    early, late = stippled(column(rows, 11)), stippled(column(rows, 18))
    assert len(early) < len(late)
    assert late == list(range(late[0], late[-1] + 1))  # no hole
    assert stippled(column(rows, 19))[-1] == len(rows) - 1  # down to the axis
    assert stippled(column(rows, 20.5))[-1] < len(rows) - 1  # a step
    assert not stippled(column(rows, 26))


def test_the_level_is_drawn_behind_it_and_the_part_after_the_axis_is_not_drawn() -> None:
    rows = drawn(replace(PICTURE, level=Level(300 * MIB, "limit")))
    assert "╌" in column(rows, 28)
    cut = drawn(replace(PICTURE, window=(0.0, 15.0)))
    assert len(stippled([row.text[-1] for row in cut])) < 6  # not all of the rest in the last column
    before = drawn(replace(PICTURE, window=(0.0, 9.0)))
    assert not any(stippled(list(row.text)) for row in before)
    assert not any(NOW_LINE in row.text for row in before)


def test_a_logarithmic_axis_has_it_down_to_its_foot() -> None:
    rows = drawn(replace(PICTURE, log=True))
    assert stippled(column(rows, 24.9))[-1] > stippled(column(rows, 21))[-1]
    assert stippled(column(rows, 19.9))[-1] == len(rows) - 1


def test_without_a_forecast_now_is_not_marked() -> None:
    assert not any(NOW_LINE in row.text or NOW in row.text for row in drawn(replace(PICTURE, cone=Cone())))
