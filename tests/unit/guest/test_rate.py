"""The rate of a workload, read from its own line."""

import pytest

from tui.guest.model.rate import Glance, number_of, parse_glance, rate_of

MEMORY = "seconds=3.000 state=dirtying threads=2 working_set_mib=300 mib_per_s=99.8 dirtied_mib=597.5"
CPU = "seconds=3.000 state=running threads=16 additions_per_s=61234567 additions=183000000 sum=1.37250e+09"


@pytest.mark.parametrize(
    ("line", "rate"),
    [
        (MEMORY, (99.8, "MiB/s")),
        (CPU, (61234567.0, "additions/s")),
        ("requests_per_s=12 errors=0", (12.0, "requests/s")),
        ("requests_per_s=many rows_per_s=3", (3.0, "rows/s")),
        ("requests_per_s=inf", None),
        ("error=wrong_page thread=0", None),
        ("", None),
    ],
)
def test_the_rate_is_the_first_number_per_second(line: str, rate: tuple[float, str] | None) -> None:
    assert rate_of(Glance("any", (line,)).values) == rate


def test_a_glance_has_the_name_and_the_newest_lines() -> None:
    glance = parse_glance(f"name memory\noptions --threads 2\nline first\nline {MEMORY}\n")
    assert glance == Glance("memory", ("first", MEMORY))
    assert glance.line == MEMORY
    assert number_of(glance.values, "seconds") == 3.0
    assert number_of(glance.values, "state") is None
    assert parse_glance("") == Glance()


def test_what_is_new_of_a_glance_is_behind_what_is_known_and_whole() -> None:
    glance = Glance("rows", ("ut_s=1", "a", "b", "a", "c"))
    assert glance.after("a") == ("c",)
    assert glance.after("c") == ()
    assert glance.after("gone by") == ("a", "b", "a", "c")
    assert Glance("rows", ("only",)).after("gone by") == ("only",)
    assert Glance().after("") == ()
