"""libvirt's statistics as the exact text of virsh."""

import json

import pytest

from tests.unit.fakes import NAMES, RECORDINGS, recording
from tui.core.protocols import Stat
from tui.migration.model.domjobinfo import text
from tui.migration.model.record import Sample

RECORDED = RECORDINGS / "domjobinfo"


@pytest.mark.parametrize("name", sorted(each.stem for each in RECORDED.glob("*.json")))
def test_the_text_equals_the_output_of_virsh_at_the_same_time(name: str) -> None:
    stats = json.loads((RECORDED / f"{name}.json").read_text("utf-8"))
    assert text(stats).encode() == (RECORDED / f"{name}.txt").read_bytes()


def test_a_vm_without_a_job_reads_as_in_virsh() -> None:
    assert text({}) == text({"type": 0}) == "Job type:         None        \n\n"


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_ends_with_an_empty_line_and_has_no_other(name: str) -> None:
    for each in recording(name):
        if isinstance(each, Sample):
            *lines, last, empty = text(each.stats).split("\n")
            assert (last, empty) == ("", "")
            assert all(": " in line or line.endswith(":") for line in lines)


@pytest.mark.parametrize(
    ("stats", "line"),
    [
        ({"type": 1, "time_remaining": 7}, "Time remaining:   7            ms"),
        ({"type": 2, "downtime": 300}, "Expected downtime: 300          ms"),
        ({"type": 3, "downtime": 300}, "Total downtime:   300          ms"),
        ({"type": 2, "auto_converge_throttle": 20}, "Auto converge throttle: 20           "),
        ({"type": 2, "compression_pages": 5}, "Compressed pages: 5            "),
        ({"type": 2, "compression_cache": 64 << 20}, "Compression cache: 64.000 MiB"),
        ({"type": 2, "memory_total": 1, "memory_bps": 1536}, "Memory bandwidth: 1.500 KiB/s"),
        ({"type": 2, "disk_total": 1023}, "File total:       1023.000 B"),
        ({"type": 2, "disk_total": 1 << 63}, "File total:       8.000 EiB"),
        ({"type": 9}, "Job type:         unknown     "),
        ({"type": 2, "operation": 5}, "Operation:        Outgoing migration"),
        ({"type": "odd", "operation": 5}, "Job type:         None        "),
        ({"type": 2, "operation": float("inf"), "downtime": 1e300}, "Operation:        Unknown     "),
    ],
)
def test_fields_that_no_recording_has_are_formatted_as_in_virsh(stats: dict[str, Stat], line: str) -> None:
    assert line in text(stats).split("\n")


def test_the_remaining_time_is_for_bounded_jobs_only() -> None:
    assert "Time remaining" not in text({"type": 2, "time_remaining": 7})
