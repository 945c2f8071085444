"""What the first pass of a migration sends."""

import json
from pathlib import Path

import pytest

from tests.unit.forecast.test_link import LIMITED, write
from tui.core.protocols import MemoryUse
from tui.core.quantity import GIB, MIB
from tui.forecast.backend.earlier_runs import TAIL_BYTES, earlier
from tui.forecast.model.first_pass import in_use, sent_first

# The statistics of a completed job of libvirt 11.3, and what was sent: 439 MiB of a VM of 1 GiB.
STATS = {"memory_total": 1074274304, "memory_constant": 149874, "memory_normal": 168884, "memory_page_size": 4096}
SENT = 1074274304 - 149874 * 4096
OF_VM = LIMITED + '[vm]\nuuid = "uuid-1"\n'


def test_zero_pages_are_not_sent() -> None:
    assert sent_first({"kind": "job-completed", "stats": STATS}) == SENT


@pytest.mark.parametrize(
    "record",
    [
        None,
        [],
        {},
        {"stats": []},
        {"stats": STATS | {"memory_constant": "149874"}},
        {"stats": STATS | {"memory_page_size": 0}},
        {"stats": STATS | {"memory_total": 2**70}},
        {"stats": {"memory_total": 1}},
    ],
)
def test_statistics_without_these_numbers_show_nothing(record: object) -> None:
    assert sent_first(record) is None


@pytest.mark.parametrize(
    ("use", "before", "emulated", "expected"),
    [
        (MemoryUse(450 * MIB, None), None, False, 450 * MIB),
        (MemoryUse(2 * GIB, None), None, False, GIB),  # QEMU's own memory comes on top
        (MemoryUse(None, None), None, False, GIB),
        (MemoryUse(772 * MIB, 441 * MIB), None, False, 772 * MIB),  # what the guest has freed is not zero
        (MemoryUse(772 * MIB, 441 * MIB), None, True, 441 * MIB),
        (MemoryUse(772 * MIB, None), None, True, 772 * MIB),
        (MemoryUse(772 * MIB, 441 * MIB), 500.0 * MIB, True, 500 * MIB),
        (MemoryUse(772 * MIB, 441 * MIB), 100.0 * MIB, False, 441 * MIB),
        (MemoryUse(772 * MIB, 441 * MIB), 900.0 * MIB, False, 772 * MIB),
    ],
)
def test_the_newest_run_counts_within_what_is_in_use_now(
    use: MemoryUse, before: float | None, emulated: bool, expected: float
) -> None:
    assert in_use(GIB, use, before, emulated=emulated) == expected


def raw(runs: Path, name: str, *lines: str) -> None:
    write(runs, name, OF_VM)
    (runs / name / "raw.jsonl").write_text("".join(f"{line}\n" for line in lines))


def test_the_newest_run_of_the_vm_whose_log_shows_it_is_read(tmp_path: Path) -> None:
    older = json.dumps({"kind": "sample", "stats": STATS | {"memory_constant": 1}})
    final = json.dumps({"kind": "job-completed", "stats": STATS})
    raw(tmp_path, "20261101T120000Z-guest1", older)
    raw(tmp_path, "20261102T120000Z-guest1", "x" * TAIL_BYTES, older, final, '{"kind": "end"}')
    raw(tmp_path, "20261103T120000Z-guest1", '{"kind": "end"}', '{"memory_constant": broken')
    write(tmp_path, "20261104T120000Z-guest1", OF_VM)  # its log was deleted
    raw(tmp_path, "20261105T120000Z-other", older)
    other = tmp_path / "20261105T120000Z-other" / "run.toml"
    other.write_text(OF_VM.replace("uuid-1", "uuid-2"))
    assert earlier(tmp_path, "alpha", "beta", "uuid-1").first == SENT
    assert earlier(tmp_path, "alpha", "beta", "uuid-3").first is None
