"""The forecast of a run against its outcome: read from run.toml, as a table, in exports, over several runs."""

import csv
import io
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.runs.recorded import tables
from tui.forecast.model.interval import Interval
from tui.runs.model.accuracy import Share, accuracy, by_technique
from tui.runs.model.annotation import Annotation
from tui.runs.model.export import csv_of_runs, fields, json_list
from tui.runs.model.facts import figure_facts
from tui.runs.model.parse import parse_run
from tui.runs.model.run import Run
from tui.runs.model.run_forecast import RunForecast, rows, table
from tui.runs.model.table import columns, ordered

OUTCOME = {
    "verdict_right": True,
    "total_error": -0.325,
    "downtime_error": 0.25,
    "total_within": False,
    "downtime_within": True,
}
FORECAST: dict[str, Any] = {
    "technique": "pre-copy",
    "converges": True,
    "certain": True,
    "total_s": [7.2, 8.1, 10.0],
    "downtime_s": [0.02, 0.0375, 0.2],
    "sent_bytes": [1e9, 2e9, 3e9],
    "bandwidth_bytes_s": [1e8, 1.1e8, 1.2e8],
    "bandwidth_source": "5 earlier runs",
    "curve": [[1.0, 1e8]],
    "outcome": OUTCOME,
}
ENDLESS = FORECAST | {"converges": False, "total_s": [math.inf] * 3, "downtime_s": [math.inf] * 3}


def run_of(forecast: object = FORECAST, **changes: Any) -> Run:
    written = tables(**changes) | ({} if forecast is None else {"forecast": forecast})
    return parse_run(Path("/runs/20261123T034938Z-guest1"), written, in_use=False)


def test_the_table_of_a_run_toml_is_read() -> None:
    run = run_of(figures={"bandwidth_bytes_s": 1.15e8, "device_ms": 12})
    found = run.forecast
    assert found is not None
    assert (found.technique, found.converges, found.certain) == ("pre-copy", True, True)
    assert (found.total_s, found.downtime_s) == (Interval(7.2, 8.1, 10.0), Interval(0.02, 0.0375, 0.2))
    assert found.bandwidth_source == "5 earlier runs"
    assert (found.verdict_right, found.total_error, found.total_within) == (True, -0.325, False)
    assert (run.bandwidth_bytes_s, run.device_ms) == (1.15e8, 12)
    assert run_of(None).forecast is None


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("total_s", [3.0, 2.0, 1.0], None),
        ("total_s", [math.nan, 2.0, 3.0], None),
        ("total_s", [1, 2], None),
        ("total_s", "soon", None),
        ("total_s", [10**400, 10**400, 10**400], None),
        ("total_s", [1, 2, math.inf], Interval(1, 2, math.inf)),
        ("converges", "yes", None),
        ("technique", 3, ""),
    ],
)
def test_a_damaged_value_is_unknown(name: str, value: object, kept: object) -> None:
    found = run_of(FORECAST | {name: value}).forecast
    assert found is not None
    assert getattr(found, name) == kept
    assert rows(found, 12.0, 0.03)


@pytest.mark.parametrize("error", [math.nan, -2, True, "x", 10**400, [0.1]])
def test_a_damaged_error_is_not_judged(error: object) -> None:
    found = run_of(FORECAST | {"outcome": {"total_error": error, "total_within": "x", "verdict_right": 1}}).forecast
    assert found is not None
    assert (found.total_error, found.total_within, found.verdict_right) == (None, None, None)


def lines(run: Run) -> list[str]:
    assert run.forecast is not None
    return table(rows(run.forecast, run.total_s, run.downtime_s))


def test_the_forecast_stands_beside_the_outcome() -> None:
    words = [each.split() for each in lines(run_of())]
    assert words[2] == ["total", "8.1", "s", "(7.2", "s", "to", "10", "s)", "12.0", "s", "-32", "%", "outside"]
    assert words[3] == ["downtime", "38", "ms", "(20", "ms", "to", "200", "ms)", "30", "ms", "+25", "%", "within"]
    assert max(map(len, lines(run_of()))) < 79


def test_what_was_not_judged_is_named_so() -> None:
    words = [each.split() for each in lines(run_of({**FORECAST, "outcome": {}}, total_s=None))]
    assert words[1] == ["verdict", "pre-copy", "ends", "-", "not", "judged"]
    assert words[2][-3:] == ["-", "not", "judged"]
    assert all(each.within == "not judged" for each in rows(RunForecast(), None, None))


def test_a_damaged_name_is_one_line_that_fits_a_narrow_terminal() -> None:
    damaged = lines(run_of({**FORECAST, "technique": "\x1b[2Jpre\ncopy" + "x" * 300}))
    assert damaged[1].startswith("verdict   pre copyxxx")
    assert all(line.isprintable() and len(line) < 79 for line in damaged)


def test_a_forecast_without_end_has_words_and_its_verdict_can_be_wrong() -> None:
    wrong = ENDLESS | {"certain": False, "outcome": {"verdict_right": False}}
    words = [each.split() for each in lines(run_of(wrong))]
    assert words[1] == ["verdict", "pre-copy", "does", "not", "converge,", "unsure", "ends", "wrong"]
    assert words[2] == ["total", "without", "end", "12.0", "s", "not", "judged"]


def test_the_columns_are_empty_where_nothing_is_known() -> None:
    found = columns({})
    known, endless, without = run_of(), run_of(ENDLESS), run_of(None)
    assert [found["forecast"].cell(each) for each in (known, endless, without)] == ["8.10", "", ""]
    assert [found["error"].cell(each) for each in (known, without)] == ["-32", ""]
    assert ordered([without, endless, known], found["forecast"])[0] is known


def test_exports_have_the_forecast_and_valid_json() -> None:
    runs = [run_of(), run_of(ENDLESS), run_of(None)]
    known, endless, without = csv.DictReader(io.StringIO("".join(csv_of_runs(runs))))
    expected = {
        "forecast_technique": "pre-copy",
        "forecast_converges": "true",
        "forecast_total_ms": "8100",
        "forecast_total_low_ms": "7200",
        "forecast_total_high_ms": "10000",
        "forecast_downtime_ms": "37.5",
        "forecast_sent_bytes": "2000000000",
        "forecast_bandwidth_bytes_s": "110000000",
        "forecast_total_error": "-0.325",
        "forecast_total_within": "false",
        "forecast_downtime_within": "true",
    }
    assert {name: known[name] for name in expected} == expected
    assert (endless["forecast_converges"], endless["forecast_total_ms"]) == ("false", "")
    assert all(not value for name, value in without.items() if name.startswith("forecast_"))
    assert [each["forecast_converges"] for each in json.loads("".join(json_list(map(fields, runs))))] == [
        True,
        False,
        None,
    ]


def test_the_facts_name_where_the_bandwidth_is_known_from() -> None:
    assert dict(figure_facts(run_of()))["forecast from"] == "105 MiB/s (5 earlier runs)"
    assert "forecast from" not in dict(figure_facts(run_of(None)))


def test_the_accuracy_of_runs_is_the_share_within_and_the_median_error() -> None:
    better = FORECAST | {"outcome": {"verdict_right": True, "total_error": 0.1, "total_within": True}}
    wrong = FORECAST | {"outcome": {"verdict_right": False, "total_within": False}}
    unjudged = {each: value for each, value in FORECAST.items() if each != "outcome"}
    runs = [run_of(), run_of(better), run_of(better), run_of(wrong), run_of(unjudged), run_of(None)]
    excluded = replace(run_of(wrong), annotation=Annotation(excluded="a test"))
    found = accuracy([*runs, excluded])
    assert found is not None
    assert (found.runs, found.verdict, found.total, found.downtime) == (5, Share(3, 4), Share(2, 4), Share(1, 1))
    assert (found.total_error, found.downtime_error) == (0.1, 0.25)
    assert found.sentence == (
        "Forecast of pre-copy against outcome, 5 runs: the verdict was right in 3 of 4 (75 %); the total time was "
        "within its interval, which is to hold 80 %, in 2 of 4 (50 %), median error 10 %; the downtime was within its "
        "interval, which is to hold 80 %, in 1 of 1 (100 %), median error 25 %."
    )
    assert accuracy([run_of(None)]) is None
    alone = accuracy([run_of(unjudged)])
    assert alone is not None
    assert alone.sentence == "Forecast of pre-copy against outcome, 1 run: none was judged."


def test_each_technique_has_its_own_accuracy() -> None:
    within, outside = ({"verdict_right": True, "total_within": each} for each in (True, False))
    switched = [FORECAST | {"technique": f"post-copy after {s} s", "outcome": outside} for s in ("9.1", "15.3")]
    runs = [run_of(FORECAST | {"outcome": within}), *map(run_of, switched), run_of(None)]
    found = by_technique(runs)
    assert [(each.technique, each.runs, each.total) for each in found] == [
        ("pre-copy", 1, Share(1, 1)),
        ("post-copy after", 2, Share(0, 2)),
    ]
    pooled = accuracy(runs)
    assert pooled is not None
    assert (pooled.technique, pooled.total) == ("", Share(1, 3))
