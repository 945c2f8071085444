"""One line of a log that others wrote: a field, a time, or neither."""

from collections.abc import Iterator
from datetime import timedelta, timezone

import pytest

from tests.unit.fakes import RECORDINGS, recording
from tui.migration.model.domjobinfo import ROWS, SIZE, SPEED, text
from tui.migration.model.record import Sample
from tui.runs.model.domjobinfo_log import LogReader, Output
from tui.runs.model.log_line import FIELD, GONE, NOISE, OTHER, STRANGE, UNKNOWN, Line, read_line
from tui.runs.model.log_split import Splitter, falls_back
from tui.runs.model.log_time import LogTime, later, read_time

UTC = timezone.utc
MOMENT = 1795912610.0  # 2026-11-29 00:36:50 UTC


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("Job type:         Unbounded   ", "type", 2),
        ("Job type: 2", "type", 2),
        ("job type    none", "type", 0),
        ("Operation:        Outgoing migration", "operation", 5),
        ("operation: 5", "operation", 5),
        ("Time elapsed:     4109         ms", "time_elapsed", 4109),
        ("Time elapsed: 4.1 s", "time_elapsed", 4100),
        ("Time elapsed w/o network: 12 ms", "time_elapsed_net", 12),
        ("Memory remaining: 480.250 MiB", "memory_remaining", 503578624),
        ("Memory remaining: 480,250 MiB\r\n", "memory_remaining", 503578624),
        ("Memory\tremaining\t:\t0.000\tB", "memory_remaining", 0),
        ("Memory remaining 1.500 GiB", "memory_remaining", 3 << 29),
        ("Memory bandwidth: 1.500 KiB/s", "memory_bps", 1536),
        ("Dirty rate:       9120         pages/s", "memory_dirty_rate", 9120),
        ("Page size:        4096         bytes", "memory_page_size", 4096),
        ("Total downtime:   83           ms", "downtime", 83),
        ("Expected downtime: 300 ms", "downtime", 300),
        ("\ufeffIteration: 3", "memory_iteration", 3),
        ("\x1b[0mIteration: 3\x1b[K", "memory_iteration", 3),
        ("Iteration\uff1a3", "memory_iteration", 3),
        ("Error message:    the stream broke", "errmsg", "the stream broke"),
        ("memory_remaining: 503578624", "memory_remaining", 503578624),
        ("memory_remaining=503578624", "memory_remaining", 503578624),
        ("downtime = 83", "downtime", 83),
        ("vfio_data_transferred: 7", "vfio_data_transferred", 7),
    ],
)
def test_a_field_has_libvirts_name_and_unit(line: str, name: str, value: int | str) -> None:
    assert read_line(line) == Line(FIELD, name, value)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Time elapsed:     41", STRANGE),  # torn: virsh writes a unit
        ("Time elapsed:     4,109 ms", STRANGE),  # four seconds, or four milliseconds
        ("Memory remaining: 48", STRANGE),
        ("Memory remaining: 1.2.3 MiB", STRANGE),
        ("Memory remaining: 9e3 MiB", STRANGE),
        ("Memory remaining: 99999999999999999999 EiB", STRANGE),
        ("Iteration: three", STRANGE),
        ("Iteration: 3.5", STRANGE),
        ("Job type: Unbegrenzt", STRANGE),
        ("memory_remaining: much", STRANGE),
        ("Verstrichene Zeit:  4109         ms", UNKNOWN),
        ("Temps écoulé :     4109         ms", UNKNOWN),
        ("error: failed to get domain 'ubuntu22.04'", GONE),
        ("error: Requested operation is not valid: domain is not running", GONE),
        ("error: Timed out during operation: cannot acquire state change lock", NOISE),
        ("Migration: [ 12 %]\rMigration: [ 45 %]", NOISE),
        ("root@source:~# while true; do virsh domjobinfo vm; sleep 1; done", NOISE),
        ("--------", NOISE),
        ("# cpu_util, second try", NOISE),
        ("lorem ipsum", OTHER),
        ("x" * 100_000, OTHER),
        ("> " * 50_000, OTHER),
    ],
)
def test_another_line_is_no_field(line: str, kind: str) -> None:
    assert read_line(line).kind == kind


def test_every_row_that_virsh_prints_is_read_back() -> None:
    for row in ROWS:
        stats = {"type": 3 if "Total" in row.label else 1, row.field: 1 << 20, "memory_total": 1 << 20}
        if "Total" in row.label or "Expected" in row.label or row.unit in (SIZE, SPEED):
            stats[row.field] = 2048
        (output,) = LogReader().read(text(stats).splitlines())
        assert isinstance(output, Output)
        assert output.stats[row.field] == stats[row.field]


@pytest.mark.parametrize("name", sorted(each.stem for each in RECORDINGS.glob("*.jsonl")))
def test_the_text_of_what_was_read_is_the_text_again(name: str) -> None:
    texts = [text(each.stats) for each in recording(name) if isinstance(each, Sample)]
    outputs = list(LogReader().read("".join(texts).splitlines()))
    assert [text(each.stats) for each in outputs if isinstance(each, Output)] == texts


@pytest.mark.parametrize(
    "line",
    [
        "Sun Nov 29 00:36:50 UTC 2026",
        "Sun Nov 29 12:36:50 AM UTC 2026",
        "Sun 29 Nov 2026 12:36:50 AM UTC",
        "Sun, 29 Nov 2026 01:36:50 +0100",
        "=== Sun Nov 29 00:36:50 UTC 2026 ===",
        "2026-11-29T00:36:50Z",
        "2026-11-29 01:36:50+01:00",
        "[2026-11-29 00:36:50.000 UTC]",
        "2026/11/29 00:36:50",
        "1795912610",
        "1795912610.000000000",
        "1795912610000",
        "1795912610000000000",
        "Timestamp: 1795912610",
        "time: 2026-11-29T00:36:50Z",
    ],
)
def test_a_time_line_is_its_moment(line: str) -> None:
    assert read_time(line, UTC) == (LogTime(MOMENT, dated=True), "")


def test_a_time_without_a_zone_is_local() -> None:
    found = read_time("2026-11-29 01:36:50", timezone(timedelta(hours=1)))
    assert found == (LogTime(MOMENT, dated=True), "")


@pytest.mark.parametrize("line", ["[00:36:50]", "00:36:50.000", "dim. 29 nov. 2026 00:36:50 CET", "Nov 29 00:36:50"])
def test_a_clock_has_no_date(line: str) -> None:
    assert read_time(line) == (LogTime(2210.0, dated=False), "")


@pytest.mark.parametrize(
    "line", ["Memory total: 1.000 GiB", "25:00:00", "2026-02-31 00:00:00", "123456789", "12", "", "lorem", "9" * 19]
)
def test_another_line_is_no_time(line: str) -> None:
    assert read_time(line) is None


def test_what_follows_a_time_is_kept() -> None:
    found = read_time("[00:36:50] Job type:         Unbounded")
    assert found is not None
    assert found[1] == "Job type:         Unbounded"


def test_a_clock_that_goes_back_has_passed_midnight() -> None:
    assert later(LogTime(1.0, dated=False), LogTime(86399.0, dated=False)) == 2.0
    assert later(LogTime(1.0, dated=False), LogTime(MOMENT, dated=True)) is None


@pytest.mark.parametrize(
    ("before", "after", "new"),
    [
        ({"time_elapsed": 9000}, {"time_elapsed": 900}, True),
        ({"time_elapsed": 900, "memory_processed": 9}, {"time_elapsed": 950, "memory_processed": 4}, True),
        ({"memory_iteration": 4}, {"memory_iteration": 1}, True),
        ({"operation": 4}, {"operation": 5}, True),
        ({"time_elapsed": 900}, {"time_elapsed": 900}, False),
        ({"time_elapsed": 900}, {"memory_processed": 1}, False),
        ({"type": 1, "time_elapsed": 900}, {"type": 2, "time_elapsed": 950}, False),
    ],
)
def test_a_new_migration_is_told_by_what_falls_back(before: dict[str, int], after: dict[str, int], new: bool) -> None:
    assert falls_back(Output(1, 1, before), Output(2, 2, after)) == new


def test_a_second_loop_on_the_destination_does_not_split_the_migration() -> None:
    def lines() -> Iterator[str]:
        for elapsed in (1000, 2000, 3000):
            yield from text({"type": 2, "operation": 5, "time_elapsed": elapsed}).splitlines()
            yield from text({"type": 2, "operation": 4, "time_elapsed": elapsed - 500}).splitlines()

    splitter = Splitter()
    parts = [part.kind for part in splitter.split(LogReader().read(lines()))]
    assert parts == ["sample", "sample", "sample", "ended"]
    assert splitter.others == 3


@pytest.mark.parametrize(("idle", "runs"), [(1, 1), (2, 2)])
def test_one_output_without_a_job_does_not_end_a_migration_that_goes_on(idle: int, runs: int) -> None:
    outputs = [text({"type": 2, "operation": 5, "time_elapsed": each}) for each in (1000, 2000)]
    parts = Splitter().split(LogReader().read((text({}) * idle).join(outputs).splitlines()))
    assert [part.kind for part in parts].count("ended") == runs
