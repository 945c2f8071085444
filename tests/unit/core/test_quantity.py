"""Sizes, rates and times: formatting and parsing."""

import pytest

from tui.core import quantity

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0 B"),
        (512, "512 B"),
        (999, "999 B"),
        (1000, "0.98 KiB"),
        (4 * KIB, "4.0 KiB"),
        (36 * MIB, "36 MiB"),
        (412.4 * MIB, "412 MiB"),
        (999.4 * MIB, "999 MiB"),
        (999.6 * MIB, "0.98 GiB"),
        (1018 * MIB, "0.99 GiB"),
        (1019 * MIB, "1.0 GiB"),
        (GIB, "1.0 GiB"),
        (7.9 * GIB, "7.9 GiB"),
        (9.94 * GIB, "9.9 GiB"),
        (9.96 * GIB, "10.0 GiB"),
        (22.44 * GIB, "22.4 GiB"),
        (99.96 * GIB, "100 GiB"),
        (2 * GIB * KIB, "2.0 TiB"),
        (-412 * MIB, "-412 MiB"),
    ],
)
def test_a_size_has_two_or_three_digits(amount: float, text: str) -> None:
    assert quantity.size(amount) == text


def test_no_size_is_longer_than_eight_characters() -> None:
    assert max(len(quantity.size(1.07**power)) for power in range(600)) == 8


def test_a_rate_is_a_size_per_second() -> None:
    assert quantity.rate(610 * MIB) == "610 MiB/s"
    assert quantity.rate(0) == "0 B/s"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "00:00"), (0, "00:00"), (14.9, "00:14"), (125, "02:05"), (3599.9, "59:59"), (3723, "1:02:03")],
)
def test_the_clock_shows_elapsed_whole_seconds(seconds: float, text: str) -> None:
    assert quantity.clock(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.0007, "0.7 ms"),
        (0.00996, "10 ms"),
        (0.18, "180 ms"),
        (0.9996, "1.0 s"),
        (3.21, "3.2 s"),
        (26.66, "26.7 s"),
        (59.96, "1 min 0 s"),
        (125, "2 min 5 s"),
        (3599.7, "1 h 0 min"),
        (3720, "1 h 2 min"),
    ],
)
def test_a_duration_never_shows_sixty_of_anything(seconds: float, text: str) -> None:
    assert quantity.duration(seconds) == text


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", 0),
        ("0 MiB", 0),
        ("8 GiB", 8 * GIB),
        ("8GiB", 8 * GIB),
        (" 8 gib ", 8 * GIB),
        ("1.5 GiB", 3 * GIB // 2),
        ("512 MiB", 512 * MIB),
        ("512MB", 512_000_000),
        ("64 kB", 64_000),
        ("4096 B", 4096),
    ],
)
def test_sizes_are_parsed(text: str, amount: int) -> None:
    assert quantity.parse_size(text) == amount


@pytest.mark.parametrize(
    ("text", "amount"),
    [("0", 0), ("0 MiB/s", 0), ("100 MiB/s", 100 * MIB), ("12.5 MB/s", 12_500_000), ("1 Gbit/s", 125_000_000)],
)
def test_rates_are_parsed(text: str, amount: int) -> None:
    assert quantity.parse_rate(text) == amount


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("25 s", 25), ("0.1 s", 0.1), ("300 ms", 0.3), ("2 min", 120), ("2 min 5 s", 125), ("1h 2min", 3720)],
)
def test_times_are_parsed(text: str, seconds: float) -> None:
    assert quantity.parse_seconds(text) == seconds


@pytest.mark.parametrize(
    "text", ["", " ", "8", "8G", "8 Gb", "GiB", "8 GiB/s", "-1 MiB", "8,5 GiB", "8 GiB x", "1e9 B", "٨ GiB"]
)
def test_an_invalid_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match='is not a size with its unit, such as "8 GiB"'):
        quantity.parse_size(text)


@pytest.mark.parametrize("text", ["", "100", "100 MiB", "1 Gbit", "100 MiB/min", "-5 MiB/s"])
def test_an_invalid_rate_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match='is not a rate with its unit, such as "100 MiB/s"'):
        quantity.parse_rate(text)


@pytest.mark.parametrize("text", ["", " ", "25", "25 sec", "s", "2 min 5", "-1 s", "0,1 s", "2 min of 5 s"])
def test_an_invalid_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match='is not a time with its unit, such as "25 s"'):
        quantity.parse_seconds(text)


def test_a_refusal_quotes_at_most_40_characters() -> None:
    with pytest.raises(ValueError, match=r'^"x{40}\.\.\." is not'):
        quantity.parse_size("x" * 10_000)


@pytest.mark.parametrize("amount", [0, 1, 4096, 8 * GIB, 512 * MIB, 512_000_000, 1_000_001, 3 * GIB // 2, 10**15 - 1])
def test_an_exact_size_is_parsed_back_to_the_same_number(amount: int) -> None:
    assert quantity.parse_size(quantity.exact_size(amount)) == amount


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (25.0, "25 s"),
        (0.1, "0.1 s"),
        (0.3, "0.3 s"),
        (120, "2 min"),
        (86_400.0, "24 h"),
        (125, "125 s"),
        (1e-5, "0.00001 s"),
    ],
)
def test_an_exact_time_is_parsed_back_to_the_same_number(seconds: float, text: str) -> None:
    assert quantity.exact_seconds(seconds) == text
    assert quantity.parse_seconds(text) == seconds


def test_an_exact_size_uses_the_largest_unit_that_divides_it() -> None:
    assert [quantity.exact_size(amount) for amount in (8 * GIB, 512 * MIB, 512_000_000)] == [
        "8 GiB",
        "512 MiB",
        "512 MB",
    ]


@pytest.mark.parametrize("odd", [1e300, float("inf"), float("nan"), -float("inf"), -1e300])
def test_an_amount_that_only_a_damaged_file_has_is_short(odd: float) -> None:
    assert len(quantity.size(odd)) <= 8
    assert len(quantity.clock(odd)) <= 12
    assert len(quantity.duration(odd)) <= 15


@pytest.mark.parametrize(("text", "number"), [("1.5", 1.5), ("inf", None), ("1e999", None), ("nan", None), ("x", None)])
def test_only_a_finite_number_is_a_number(text: str, number: float | None) -> None:
    assert quantity.number(text) == number


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.084, "84 ms"),
        (0.1834, "180 ms"),
        (0.994, "990 ms"),
        (0.9951, "995 ms"),
        (9.2, "9.2 s"),
        (12.3, "12 s"),
        (125, "2 min 5 s"),
    ],
)
def test_an_estimated_time_has_two_digits(seconds: float, text: str) -> None:
    assert quantity.approximately(seconds) == text
