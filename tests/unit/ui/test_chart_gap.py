"""The room between sending and dirtying: which of them is faster, in each column, also without colours."""

from dataclasses import replace

import pytest

from tui.ui.chart.curves import Curves
from tui.ui.chart.paper import AREA_HIGHER, ON_AREA, OTHER_HIGHER, Row
from tui.ui.chart.picture import AREA, DOTS, PLAIN, Gap, Picture, Series, Sign
from tui.ui.chart.sheet import compose

LEFT, RIGHT = 6, 68  # the columns between axis and margin


def rate(sending: float, dirtying: float | None) -> Picture:
    """Constant rates for 20 s."""
    return Picture(
        title="rate",
        units=PLAIN,
        series=(
            Series("sending", (0, 20), (sending, sending), "text-primary", AREA),
            Series("dirtying", (0, 20), (dirtying, dirtying), "text-error", DOTS),
        ),
        gap=Gap("link faster", "guest faster"),
        ends=True,
        window=(0.0, 20.0),
        least_top=200,
    )


def canvas(picture: Picture, height: int = 12) -> list[Row]:
    """The cells between the axes."""
    rows = compose(picture, 80, height, Curves())[1:-1]
    return [Row(row.text[LEFT:RIGHT], row.inks[LEFT:RIGHT]) for row in rows]


def column(picture: Picture, height: int = 12, at: int = 30) -> str:
    return "".join(row.text[at] for row in canvas(picture, height))


def test_what_the_link_sends_more_is_a_part_of_the_area() -> None:
    assert column(rate(170, 70)) == " ▄▓▓▓▓•███"
    inks = [row.inks[30] for row in canvas(rate(170, 70))]
    assert inks[1:6] == [AREA_HIGHER] * 5


def test_what_the_guest_writes_more_is_above_the_area() -> None:
    assert column(rate(50, 190)) == "▲╱╱╱╱╱╱▄██"
    inks = [row.inks[30] for row in canvas(rate(50, 190))]
    assert inks[1:7] == [OTHER_HIGHER] * 6


@pytest.mark.parametrize("height", range(3, 16))
@pytest.mark.parametrize(("sending", "dirtying"), [(115, 107), (107, 115), (90, 110), (110, 90), (60, 3), (3, 60)])
def test_who_is_faster_is_visible_at_every_height(height: int, sending: float, dirtying: float) -> None:
    rows = canvas(rate(sending, dirtying), height)
    cells = [(row.text[30], bool(row.inks[30] & ON_AREA)) for row in rows]
    assert ("▲" in column(rate(sending, dirtying), height)) == (dirtying > sending)
    assert (("•", True) in cells) == (sending > dirtying)
    assert ("•", False) not in cells


def test_the_top_of_the_area_stays_where_it_is() -> None:
    for sending in range(20, 200, 7):
        for dirtying in range(3, sending, 11):
            top = next(at for at, cell in enumerate(column(rate(sending, None), 12)) if cell != " ")
            assert next(at for at, cell in enumerate(column(rate(sending, dirtying), 12)) if cell != " ") == top


@pytest.mark.parametrize("dirtying", [None, 100.0])
def test_nobody_is_faster_where_a_rate_is_unknown(dirtying: float | None) -> None:
    picture = rate(100, dirtying)
    if dirtying:
        sending = replace(picture.series[0], xs=(0, 1, 2, 20), ys=(50, 50, None, None))
        picture = replace(picture, series=(sending, picture.series[1]))
    assert not set(column(picture)) & set("▓╱▲")
    named = "link faster" in compose(picture, 80, 12, Curves())[0].text
    assert named == (dirtying is not None)


def test_the_frame_has_the_meaning_of_both_fills() -> None:
    (title, *_) = compose(rate(170, 70), 80, 12, Curves())
    assert "─ ▓▓ link faster  ▲╱ guest faster ─" in title.text


@pytest.mark.parametrize(("sending", "dirtying"), [(170, 70), (50, 190)])
def test_a_sign_leaves_no_hole_in_the_gap(sending: float, dirtying: float) -> None:
    picture = replace(rate(sending, dirtying), signs=(Sign(10, "d", "downtime"),))
    at = canvas(picture)[0].text.index("d")
    assert not set(column(picture, at=at)) & set("▓╱")
