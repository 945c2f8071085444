"""What the first pass of a migration sends."""

import json
from pathlib import Path

import pytest

from tests.unit.forecast.test_link import LIMITED, write
from tui.core.protocols import MemoryUse
from tui.core.quantity import GIB, MIB
from tui.forecast.backend.earlier_runs import TAIL_BYTES, earlier
from tui.forecast.model.first_pass import Earlier, InUse, dirtied_before, sent_first

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


def first(
    *earlier: Earlier, resident: int | None = 772, by_guest: int | None = None, dirtied: int = 0, emulated: bool = False
) -> tuple[float, float, float]:
    """MiB, of a VM of 1 GiB."""
    use = MemoryUse(*(None if each is None else each * MIB for each in (resident, by_guest)))
    found = InUse(GIB, use, earlier, emulated).first(dirtied * MIB)
    return found.low / MIB, found.likely / MIB, found.high / MIB


def sent(mib: int, dirtied: int | None = None) -> Earlier:
    return Earlier(mib * MIB, None if dirtied is None else dirtied * MIB)


def test_without_a_run_what_is_in_use_bounds_it() -> None:
    assert first(resident=450) == (225, 450, 450)  # some of it may be zero pages
    assert first(resident=2048) == (512, 1024, 1024)  # QEMU's own memory comes on top
    assert first(resident=None) == (512, 1024, 1024)
    assert first(by_guest=400) == (340, 772, 772)  # what the guest has freed is not zero
    assert first(by_guest=400, emulated=True) == (340, 400, 772)
    assert first(emulated=True) == (386, 772, 772)


def test_earlier_runs_count_within_what_is_in_use_now() -> None:
    assert first(sent(500), by_guest=441, emulated=True) == (475, 500, 525)
    assert first(sent(100), by_guest=400) == (340, 340, 340)
    assert first(sent(380), by_guest=400) == (361, 380, 399)  # some of what is used is zero
    assert first(sent(900), by_guest=441) == (772, 772, 772)
    assert first(sent(500), sent(400), sent(600)) == (400, 500, 600)  # the newest one is likely


def test_what_the_vm_dirties_now_may_be_new_since_an_idle_run() -> None:
    """The guest's own figure may be older than its workload, and is not always there."""
    assert first(sent(150), dirtied=300) == (300, 300, 450)  # nothing was measured before that run
    assert first(sent(150, dirtied=4), dirtied=300) == (pytest.approx(423.7), 446, pytest.approx(468.3))
    assert first(sent(450, dirtied=300), dirtied=300) == (pytest.approx(427.5), 450, pytest.approx(472.5))
    assert first(sent(450, dirtied=300), dirtied=4) == (pytest.approx(427.5), 450, pytest.approx(472.5))
    assert first(sent(450, dirtied=300), sent(150, dirtied=4), dirtied=310)[1] == 460


def test_what_is_dirtied_is_in_use_whatever_qemu_has() -> None:
    assert first(resident=100, dirtied=300) == (300, 300, 300)


@pytest.mark.parametrize(
    ("tables", "dirtied"),
    [
        ({"forecast": {"curve": [[1.0, 5e6], [8.0, 9e6]]}}, 9e6),
        ({"forecast": {"curve": [[1.0, "x"], [8.0], 3, [1.0, -1.0], [2.0, float("nan")]]}}, None),
        ({"forecast": {"curve": []}}, None),
        ({"forecast": 3}, None),
        ({}, None),
    ],
)
def test_what_was_dirtied_before_a_run(tables: dict[str, object], dirtied: float | None) -> None:
    assert dirtied_before(tables) == dirtied


def raw(runs: Path, name: str, *lines: str) -> None:
    write(runs, name, OF_VM)
    (runs / name / "raw.jsonl").write_text("".join(f"{line}\n" for line in lines))


def test_the_runs_of_the_vm_whose_logs_show_it_are_read(tmp_path: Path) -> None:
    older = json.dumps({"kind": "sample", "stats": STATS | {"memory_constant": 1}})
    final = json.dumps({"kind": "job-completed", "stats": STATS})
    raw(tmp_path, "20261101T120000Z-guest1", older)
    raw(tmp_path, "20261102T120000Z-guest1", "x" * TAIL_BYTES, older, final, '{"kind": "end"}')
    raw(tmp_path, "20261103T120000Z-guest1", '{"kind": "end"}', '{"memory_constant": broken')
    write(tmp_path, "20261104T120000Z-guest1", OF_VM)  # its log was deleted
    raw(tmp_path, "20261105T120000Z-other", older)
    other = tmp_path / "20261105T120000Z-other" / "run.toml"
    other.write_text(OF_VM.replace("uuid-1", "uuid-2"))
    oldest = Earlier(STATS["memory_total"] - STATS["memory_page_size"])
    assert earlier(tmp_path, "alpha", "beta", "uuid-1").first == (Earlier(SENT), oldest)
    assert earlier(tmp_path, "alpha", "beta", "uuid-3").first == ()


def test_the_newest_runs_of_the_vm_are_read_with_what_it_dirtied_before_them(tmp_path: Path) -> None:
    final = json.dumps({"kind": "job-completed", "stats": STATS})
    for day in range(1, 8):
        name = f"2026110{day}T120000Z-guest1"
        raw(tmp_path, name, final)
        (tmp_path / name / "run.toml").write_text(f"{OF_VM}[forecast]\ncurve = [[1.0, {day}.0]]\n")
    found = earlier(tmp_path, "alpha", "beta", "uuid-1").first
    assert [each.dirtied for each in found] == [7, 6, 5, 4, 3]
