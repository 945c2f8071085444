"""What a migration costs the workload in the guest."""

from tui.migration.model.record import Event, Record
from tui.study.model.guest_loss import Rate, lost_seconds, median_rate


def line(t: float, seconds: float, rate: float, **more: float) -> Event:
    return Event(t, "", "guest", {"rate": rate, "seconds": seconds, "unit": "MiB/s", **more})


def test_the_rate_is_the_median_of_the_lines() -> None:
    lines = ["seconds=1 mib_per_s=90", "seconds=2 mib_per_s=100", "error=x", "seconds=3 mib_per_s=500"]
    assert median_rate(lines) == Rate(100.0, "MiB/s", 3)
    assert median_rate(["nothing"]) is None


def test_a_guest_that_keeps_its_rate_loses_nothing() -> None:
    records: list[Record] = [line(1.0, 11.0, 100.0), line(2.0, 12.0, 100.0), line(3.0, 13.0, 110.0)]
    assert lost_seconds(records, Rate(100.0, "MiB/s", 5)) == 0.0


def test_a_slower_second_and_a_pause_are_lost_work() -> None:
    records: list[Record] = [
        line(1.0, 11.0, 100.0),
        line(2.0, 12.0, 50.0),  # half a second of work
        Event(2.5, "", "guest", {"silent_s": 2.0, "why": "no line"}),
        line(5.0, 13.0, 100.0),  # it stood still for 2 s
        line(7.0, 14.0, 100.0, ago=1.0),  # read a second late
    ]
    assert lost_seconds(records, Rate(100.0, "MiB/s", 5)) == 2.5


def test_without_a_rate_before_the_loss_is_unknown() -> None:
    assert lost_seconds([line(1.0, 1.0, 1.0), line(2.0, 2.0, 1.0)], None) is None
    assert lost_seconds([line(1.0, 1.0, 1.0)], Rate(1.0, "MiB/s", 1)) is None
