"""`vmlm-tui runs compare`: which runs, and what it prints."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.runs.recorded import tables, write
from tui.app.commands.runs import main
from tui.app.commands.runs.compare import aligned
from tui.core.failure import Failure
from tui.runs.backend import statistics

POST = {"technique": "post-copy-timeout", "timeout_s": 5.0}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five runs with pre-copy, five with post-copy, one that failed."""
    for minute, (slow, quick) in enumerate(zip((20, 26, 22, 28, 24), (10, 13, 11, 14, 12), strict=True)):
        for hour, total, options in ((4, slow, {}), (5, quick, POST)):
            began = f"2026-11-23T0{hour}:{minute:02}:00.000Z"
            write(tmp_path, f"20261123T0{hour}{minute:02}00Z-guest1", tables(total, began=began, options=options))
    write(tmp_path, "20261123T060000Z-guest1", tables(None, "failed", began="2026-11-23T06:00:00.000Z"))
    return tmp_path


@pytest.fixture
def printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command; returns what it prints."""

    def run(*words: str) -> str:
        assert main("runs", ["compare", "--folder", str(folder), *words]) == 0
        return capsys.readouterr().out

    return run


def test_groups_are_described_and_compared(printed: Any) -> None:
    text = printed("--figure", "total")
    assert text.startswith(
        "11 runs in 2 groups of equal settings; equal in all: 1 GiB and 2 vCPUs, memory (2 x 150 MiB"
    )
    lines = text.splitlines()
    assert lines[3].split() == ["A", "pre-copy", "6", "5", "5", "0", "1", "0", "0"]
    assert lines[4].split() == ["B", "post-copy", "after", "5", "s", "5", "5", "5", "0", "0", "0", "0"]
    assert "   A: does not count: failed" in lines
    assert "A  5  24.0 [20.0, 28.0]       24.0  3.2  4.0  20.0  28.0" in lines
    assert "B is 2.0 [1.57, 2.5] times faster than A (p = 0.0079)." in text
    assert lines[-1].startswith("Intervals: percentile bootstrap of the median, 9999 resamples, seed ")


def test_each_direction_is_a_kind_of_its_own_unless_both_are_pooled(printed: Any, folder: Path) -> None:
    back = {"origin": "destination", "target": "source"}
    write(folder, "20261123T070000Z-guest1", tables(40.0, began="2026-11-23T07:00:00.000Z", hosts=back))
    apart = printed("--figure", "total")
    said = "is compared only with groups of the same direction. --pool-directions puts both into one group."
    assert said in " ".join(apart.split())
    assert "A  1  40.0" in apart
    assert "C is 2.0 [1.57, 2.5] times faster than B (p = 0.0079)." in apart  # not than A, the other way
    pooled = printed("--figure", "total", "--pool-directions")
    assert "Runs there and back are pooled." in pooled
    assert "A  6  25.0" in pooled
    assert json.loads(printed("--json", "--pool-directions"))["directions"] == "Runs there and back are pooled."


def test_all_measured_figures_are_the_default(printed: Any) -> None:
    text = printed()
    for title in ("Total time, s", "Downtime by libvirt, ms", "Memory sent, GiB", "Passes"):
        assert f"\n{title}\n" in text
    assert "faults" not in text  # none had any


def test_a_baseline_is_a_letter_or_a_part_of_a_name(printed: Any) -> None:
    for given in ("B", "b", "after 5"):
        assert "A is 2.0 [1.57, 2.5] times slower than B" in printed("--figure", "total", "--baseline", given)


@pytest.mark.parametrize(("given", "what"), [("Z9", "No group is named"), ("p", "is in the names of 2 groups")])
def test_a_wrong_baseline_is_refused_with_the_groups(printed: Any, given: str, what: str) -> None:
    with pytest.raises(Failure, match=what) as raised:
        printed("--baseline", given)
    assert "A: pre-copy; B: post-copy after 5 s" in raised.value.why


def test_runs_are_chosen_by_a_filter_or_by_their_names(printed: Any, folder: Path) -> None:
    assert printed("technique:post").startswith("5 runs in 1 group")
    names = ["20261123T040000Z-guest1", str(folder / "20261123T050000Z-guest1")]
    assert printed(*names).startswith("2 runs in 2 groups")


def test_no_run_is_a_failure(printed: Any, tmp_path: Path) -> None:
    with pytest.raises(Failure, match="There is no run to compare") as raised:
        printed("vm:other")
    assert raised.value.why == f"none in {tmp_path} matches"


def test_wrong_words_are_refused(printed: Any) -> None:
    with pytest.raises(Failure, match="invalid choice: 'speed'"):
        printed("--figure", "speed")
    with pytest.raises(Failure, match="invalid choice: 'vm1'"):
        printed("--by", "vm1")


def test_json_has_the_same_numbers(printed: Any) -> None:
    found = json.loads(printed("--json", "--figure", "total"))
    assert found["format"] == 1
    assert [each["name"] for each in found["groups"]] == ["pre-copy", "post-copy after 5 s"]
    assert [run["status"] for run in found["groups"][0]["runs"]] == ["completed"] * 5 + ["failed"]
    first = found["figures"]["total"]["groups"]["A"]
    assert (first["n"], first["median"]["amount"], first["mean"]) == (5, 24, 24)
    assert first["interval"] == {"low": {"amount": 20, "above": False}, "high": {"amount": 28, "above": False}}
    (pair,) = found["figures"]["total"]["comparisons"]
    assert (pair["group"], pair["ratio"]["amount"], pair["test"]["exact"]) == ("B", 0.5, True)
    assert pair["p_after_holm"] == pytest.approx(2 / 252)


def test_only_groups_that_differ_by_the_chosen_setting_are_compared(printed: Any) -> None:
    assert "times faster" in printed("--by", "technique", "--figure", "total")
    assert "times faster" not in printed("--by", "workload", "--figure", "total")


def test_without_scipy_the_rest_is_printed(printed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "find_spec", lambda _: None)
    text = printed("--figure", "total")
    assert "A  5  24.0                    24.0  3.2  4.0  20.0  28.0" in text.splitlines()
    assert "`pip install 'vmlm-tui[report]'`, or `make setup`" in text.splitlines()[-1]
    assert "times" not in text


def test_help_names_the_settings_and_the_figures(printed: Any) -> None:
    text = " ".join(printed("--help").split())
    assert "workload, technique" in text
    assert "downtime-network" in text


def test_columns_are_aligned_also_with_letters_of_two_columns() -> None:
    assert aligned([["", "n", "x"], ["A", "10", "1"]], left=(0,)) == ["    n  x", "A  10  1"]
    assert aligned([["内存", "1"], ["idle", "2"]], left=(0,)) == ["内存  1", "idle  2"]


def test_the_forecasts_are_judged_below_all_else(printed: Any, folder: Path) -> None:
    forecast = {"converges": True, "outcome": {"verdict_right": True, "total_error": 0.12, "total_within": True}}
    write(folder, "20261123T070000Z-guest1", tables(22.0) | {"forecast": forecast})
    assert " ".join(printed("--figure", "total").split()).endswith(
        "Forecast against outcome, 1 run: the verdict was right in 1 of 1 (100 %); the total time was within its "
        "interval, which is to hold 80 %, in 1 of 1 (100 %), median error 12 %."
    )
