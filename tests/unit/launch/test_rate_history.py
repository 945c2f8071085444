"""The rate of the workload over the last minutes, and its line."""

from tui.guest.model.workload import WorkloadStatus
from tui.launch.model.rate_history import KEPT_S, RateHistory
from tui.launch.widgets.vm_lines import rate_line


def memory(rate: str, pid: int = 1, *, running: bool = True) -> WorkloadStatus:
    return WorkloadStatus("memory", "", running, pid, {"mib_per_s": rate})


def test_the_rates_of_one_workload_are_kept_for_some_minutes() -> None:
    rates = RateHistory()
    for second in range(1000):
        rates.add("guest1", memory(str(second)), float(second))
    found = rates.of("guest1")
    assert found[0] == (999.0 - KEPT_S, 999.0 - KEPT_S)
    assert found[-1] == (999.0, 999.0)
    assert rates.of("web") == ()


def test_another_workload_or_vm_begins_anew_and_one_that_has_ended_adds_nothing() -> None:
    rates = RateHistory()
    rates.add("guest1", memory("5"), 1.0)
    rates.add("guest1", memory("no number"), 2.0)
    rates.add("guest1", memory("6", running=False), 3.0)
    rates.add("guest1", WorkloadStatus("memory", "", True, 1, {}), 4.0)
    assert rates.of("guest1") == ((1.0, 5.0),)
    rates.add("guest1", memory("7", 2), 5.0)
    assert rates.of("guest1") == ((5.0, 7.0),)
    rates.add("web", memory("8", 2), 6.0)
    assert (rates.of("guest1"), rates.of("web")) == ((), ((6.0, 8.0),))


def test_the_line_has_a_bar_for_each_part_of_the_time_and_names_the_highest() -> None:
    assert rate_line("memory", []) == rate_line("memory", [(0.0, 5.0), (9.9, 5.0)]) == ()
    (line,) = rate_line("memory", [(float(second), 100.0 if second < 60 else 50.0) for second in range(121)])
    assert line.plain.startswith(" rate         ███████████████████▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄  ")
    assert line.plain.endswith("last 02:00, highest 100 MiB/s")
    (line,) = rate_line("cpu", [(0.0, 2e6), (10.0, 1e6)])
    assert line.plain.endswith("highest 2.0 million additions per second")
