"""What earlier runs, a limit and a probe show of the link between two hosts."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tui.core.quantity import GIB, MIB
from tui.forecast.backend.earlier_runs import Earlier, earlier
from tui.forecast.model.forecast import DEVICE_S, SETUP_S, SWITCH_S
from tui.forecast.model.interval import SHARE, Interval
from tui.forecast.model.link import (
    LIMIT,
    PROBE,
    EarlierRun,
    LinkFacts,
    Probe,
    Way,
    earlier_run,
    learned,
    scanning,
    spread,
    times,
    way_of,
)

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# A run of the lab, limited to 64 MiB/s, with the keys that matter here and some others.
LIMITED = """
outcome = "completed"
[options]
technique = "pre-copy"
bandwidth_mib_s = 64
[hosts]
origin = "source"
target = "destination"
[hosts.source]
hostname = "alpha"
[hosts.destination]
hostname = "beta"
[figures]
total_time_ms = 11922
downtime_ms = 264
memory_sent_bytes = 694805020
"""
# The original experiment's technique over 1 Gbit/s: most of it is pre-copy at the full rate.
UNLIMITED = """
total_time_ms = 29604
downtime_ms = 7
memory_sent_bytes = 3319733653
post_copy_at_s = 26.702
"""
RECORDED = "bandwidth_bytes_s = 117000000\ndevice_ms = 31\n"


def tables(text: str) -> dict[str, Any]:
    return tomllib.loads(text)


def unlimited(figures: str = UNLIMITED) -> str:
    return LIMITED.partition("total_time_ms")[0].replace("= 64", "= 0") + figures


def of(text: str) -> EarlierRun:
    found = earlier_run(tables(text), "alpha", "beta")
    assert found is not None
    return found


def test_a_run_whose_limit_was_changed_shows_neither_the_link_nor_what_connecting_took() -> None:
    assert of(LIMITED).setup_s is not None
    assert of(f"{LIMITED}limit_changed = true\n").setup_s is None
    assert of(unlimited()).bandwidth is not None
    raised = of(unlimited(f"{UNLIMITED}limit_changed = true\n"))
    assert (raised.bandwidth, raised.setup_s) == (None, None)


def test_a_limited_run_shows_what_connecting_took_but_not_the_link() -> None:
    run = of(LIMITED)
    assert run.bandwidth is None
    assert run.setup_s == pytest.approx(1.57, abs=0.01)  # 10.35 s of its 11.92 s go to sending
    assert (run.device_s, run.switch_s) == (None, None)  # its downtime includes the last rest


def test_a_long_run_without_a_recorded_bandwidth_shows_it_by_its_mean_rate() -> None:
    run = of(unlimited())
    assert run.bandwidth == pytest.approx(110.7 * MIB, rel=0.001)
    assert run.setup_s is None
    assert run.switch_s == pytest.approx(0.007)  # of a post-copy, the whole downtime


@pytest.mark.parametrize(
    "figures",
    [
        UNLIMITED.replace("29604", "4600").replace("26.702", "0.7"),  # too short
        UNLIMITED.replace("26.702", "9.5"),  # mostly post-copy
    ],
)
def test_a_run_whose_mean_rate_is_not_that_of_pre_copy_shows_no_bandwidth(figures: str) -> None:
    assert of(unlimited(figures)).bandwidth is None


def test_recorded_figures_are_used_as_they_are() -> None:
    run = of(unlimited(f"total_time_ms = 6100\ndowntime_ms = 240\nmemory_sent_bytes = 585000000\n{RECORDED}"))
    assert (run.bandwidth, run.device_s, run.switch_s) == (117e6, 0.031, None)
    assert run.setup_s == pytest.approx(6.1 - 5.0 - 0.031)


@pytest.mark.parametrize(
    "changed",
    [
        LIMITED.replace('"alpha"', '"gamma"'),
        LIMITED.replace('origin = "source"', 'origin = "destination"'),
        LIMITED.replace('"completed"', '"cancelled"'),
        LIMITED.replace("bandwidth_mib_s = 64", ""),  # another program started it
        'outcome = "completed"\nhosts = 7',
        "",
    ],
)
def test_other_runs_show_nothing(changed: str) -> None:
    assert earlier_run(tables(changed), "alpha", "beta") is None


@pytest.mark.parametrize("value", ["-1", '"x"', "true", "inf", "nan", "1" + "0" * 400])
def test_a_figure_that_is_no_amount_is_unknown(value: str) -> None:
    run = of(unlimited(f"total_time_ms = 6100\nmemory_sent_bytes = 585000000\nbandwidth_bytes_s = {value}\n"))
    assert (run.bandwidth, run.setup_s) == (None, None)


def run_of(bandwidth: float | None, limit: float = 0.0) -> EarlierRun:
    return EarlierRun(bandwidth, limit, None, None, None, None, post_copy=False)


def test_the_bandwidth_has_the_quartiles_of_the_runs() -> None:
    found = learned(run_of(each * 1e6) for each in (90, 100, 110, 120, 130))
    assert found.bandwidth == Interval(100e6, 110e6, 120e6)
    assert found.source == "5 earlier runs"
    assert (found.setup_s, found.device_s) == (SETUP_S, DEVICE_S)  # unknown


def test_equal_runs_and_a_single_one_are_not_taken_for_exact() -> None:
    assert spread([100.0]) == spread([100.0] * 9) == Interval(95.0, 100.0, 105.0)
    assert learned([run_of(1e8)]).source == "1 earlier run"


def test_the_zero_pages_of_a_run_are_not_taken_for_connecting() -> None:
    """A VM of 9 GiB with 1 GiB in use: the first pass finds the zero pages of the rest."""
    figures = f"total_time_ms = 14000\ndowntime_ms = 200\nmemory_sent_bytes = {GIB}\nmemory_total_bytes = {9 * GIB}\n"
    run = of(unlimited(f"{figures}bandwidth_bytes_s = {GIB / 10}\ndevice_ms = 0\n"))
    assert run.setup_s == pytest.approx(14 - 10 - scanning(8 * GIB).likely)
    assert scanning(8 * GIB).likely == pytest.approx(8 / 3)


def test_a_few_runs_do_not_narrow_what_connecting_and_devices_are_assumed_to_take() -> None:
    run = EarlierRun(100.0, 0.0, 500.0, 6.3, 0.1, 0.03, post_copy=False)
    few, many = learned([run] * 8), learned([run] * 9)
    assert few.device_s == Interval(DEVICE_S.low, 0.03, DEVICE_S.high)
    assert (few.setup_s.low, few.setup_s.likely) == (SETUP_S.low, pytest.approx(1.27))
    assert many.device_s == spread([0.03])
    assert many.setup_s.high < SETUP_S.high


def test_the_pause_of_a_switch_to_post_copy_is_not_that_of_the_devices_in_pre_copy() -> None:
    """Measured in the lab: 8 ms and 250 ms."""
    pre_copy = [EarlierRun(1e8, 0.0, 5e8, 6.3, 0.4, 0.25, post_copy=False)] * 9
    post_copy = [EarlierRun(1e8, 0.0, 5e8, 6.3, 0.008, 0.008, post_copy=True)] * 9
    found = learned([*pre_copy, *post_copy])
    assert (found.device_s.likely, found.switch_s.likely) == (0.25, 0.008)
    assert learned(pre_copy).switch_s == SWITCH_S
    assert learned(post_copy).device_s == DEVICE_S


# Milliseconds by libvirt of 14 switches at once in the lab.
SWITCHES = (7, 6, 10, 7, 9, 8, 8, 10, 11, 6, 9, 9, 7, 45)


def test_few_switches_to_post_copy_do_not_promise_that_the_next_one_is_as_short() -> None:
    """Quartiles of four were 7 to 9 ms, and a pause of 45 ms was called above its range."""
    four, all_of_them = (times(SWITCH_S, [each / 1000 for each in SWITCHES[:n]]) for n in (4, 14))
    assert 0.045 in four
    assert (four.low, four.high) == (SWITCH_S.low, SWITCH_S.high)
    assert (all_of_them.low, all_of_them.high) == (0.006, 0.045)


def test_the_range_of_times_holds_the_share_that_is_promised() -> None:
    """Each of the values in turn, against the range that all others give."""
    values = [each / 1000 for each in (*SWITCHES[:-1], *SWITCHES[:-1])]
    inside = [value in times(SWITCH_S, values[:n] + values[n + 1 :]) for n, value in enumerate(values)]
    assert sum(inside) / len(inside) >= SHARE
    twenty = times(SWITCH_S, [*values[:19], 10.0])
    assert twenty.high < 0.02  # one accident does not count


def test_without_runs_nothing_is_known() -> None:
    assert learned([]) == LinkFacts()
    assert LinkFacts().limited(0) is None


def test_a_limit_below_the_link_is_the_bandwidth() -> None:
    link = LinkFacts(Interval(100.0, 110.0, 120.0), "5 earlier runs")
    assert link.limited(0) == (link.bandwidth, "5 earlier runs")
    assert link.limited(50) == (Interval(45.0, 50, 50), LIMIT)
    assert link.limited(1000) == (link.bandwidth, "5 earlier runs")
    assert LinkFacts().limited(50) == (Interval(45.0, 50, 50), LIMIT)


def test_a_probe_replaces_what_runs_show_and_never_promises_more_than_it_moved() -> None:
    found = LinkFacts(Interval(1.0, 2.0, 3.0), "5 earlier runs", Interval.exact(7.0)).probed(100.0)
    assert found.bandwidth is not None
    assert found.bandwidth.low < found.bandwidth.likely < found.bandwidth.high == 100.0
    assert (found.source, found.setup_s) == (PROBE, Interval.exact(7.0))


def test_after_a_probe_only_newer_runs_of_this_way_show_the_bandwidth() -> None:
    probe = Probe(1e8, "2026-11-28T12:00:00.000Z")
    before, after = "2026-11-28T11:59:59.000Z", "2026-11-28T12:00:01.000Z"
    old = [replace(run_of(2e7), began=before)] * 9
    assert learned(old, probe=probe).source == PROBE
    no_rate = replace(run_of(None), began=after)
    another_way = replace(run_of(5e8), began=after, way=FOUR)
    assert learned([no_rate, another_way, *old], probe=probe).source == PROBE
    found = learned([replace(run_of(9e7), began=after), *old], probe=probe)
    assert (found.bandwidth, found.source) == (spread([9e7]), "1 earlier run")


# -- ways to send --

PLAIN, FOUR, TLS = (), (("parallel", 4),), (("tls", True),)


@pytest.mark.parametrize(
    ("options", "way"),
    [
        ({"parallel": 0, "tls": False, "migrateuri": ""}, PLAIN),
        ({"parallel": 4}, FOUR),
        ({"parallel": 4, "zerocopy": True}, (*FOUR, ("zerocopy", True))),
        ({"tls": True, "downtime_ms": 300}, TLS),
        ({"migrateuri": "tcp://10.0.0.2"}, (("migrateuri", "tcp://10.0.0.2"),)),
        ({"tls": [[1]], "parallel": None}, PLAIN),  # damaged
    ],
)
def test_how_a_migration_sends_is_read_from_its_options(options: dict[str, Any], way: Way) -> None:
    assert way_of(options) == way


def in_way(way: Way, bandwidth: float | None = 1e8) -> EarlierRun:
    return EarlierRun(bandwidth, 0.0, 1e8, 2.5, 0.1, 0.03, post_copy=False, way=way)


@pytest.mark.parametrize("way", [PLAIN, FOUR, TLS, (*FOUR, ("zerocopy", True)), (("tunnelled", True),)])
def test_the_bandwidth_is_learned_by_the_way_to_send(way: Way) -> None:
    runs = [in_way(PLAIN, 1e8), in_way(FOUR, 4e8), in_way((("parallel", 8),), 5e8), in_way(TLS, 2e7)]
    runs = [*(each for each in runs if each.way != way), in_way(way, 3e8), in_way(way, 3e8)]
    found = learned(runs, way)
    assert (found.bandwidth, found.source) == (spread([3e8] * 2), "2 earlier runs")


def test_without_a_run_of_this_way_the_others_show_the_link_with_a_wide_range() -> None:
    found = learned([in_way(PLAIN, 1e8), in_way(FOUR, None)], FOUR)
    assert found.bandwidth == Interval(0.5 * 95e6, 1e8, 2 * 105e6)
    assert found.source == "1 earlier run, learned with another way to send"
    assert found.setup_s.likely == pytest.approx(EarlierRun(1e8, 0.0, 1e8, 2.5, 0.1, 0.03, post_copy=False).setup_s)
    assert found.limited(10) == (Interval(9.0, 10, 10), LIMIT)


def test_what_connecting_takes_is_learned_by_the_way_and_the_pause_from_all_runs() -> None:
    slow = EarlierRun(1e8, 0.0, 1e8, 9.5, 0.1, 0.05, post_copy=False, way=TLS)
    found = learned([in_way(PLAIN), in_way(PLAIN), slow], TLS)
    assert (found.setup_s.likely, found.device_s.likely) == (pytest.approx(9.5 - 1 - 0.05), 0.03)


def test_a_run_over_another_address_shows_nothing_of_this_route() -> None:
    elsewhere = (("migrateuri", "tcp://10.0.0.2"),)
    assert learned([in_way(PLAIN)], elsewhere) == LinkFacts()
    assert learned([in_way(elsewhere)]) == LinkFacts()
    assert learned([in_way(elsewhere)], (*elsewhere, *FOUR)).source == "1 earlier run, learned with another way to send"


def test_a_probe_is_of_one_plain_connection() -> None:
    found = LinkFacts().probed(100.0, FOUR)
    assert found.bandwidth == Interval(45.0, 98.0, 200.0)
    assert found.source == "a probe of the link, learned with another way to send"
    assert LinkFacts().probed(100.0, (("migrateuri", "tcp://10.0.0.2"),)).source == PROBE


def write(runs: Path, name: str, text: str) -> None:
    (runs / name).mkdir()
    (runs / name / "run.toml").write_text(text)


def test_the_newest_runs_count_and_damaged_ones_do_not(tmp_path: Path) -> None:
    for number in range(30):
        figures = f"total_time_ms = 6100\nbandwidth_bytes_s = {1000 if number < 10 else 2000}\n"
        write(tmp_path, f"202611{number + 1:02}T120000Z-guest1-idle-pre-copy", unlimited(figures))
    write(tmp_path, "20261201T120000Z-damaged", "outcome = ")
    write(tmp_path, "20261202T120000Z-elsewhere", unlimited(RECORDED).replace('"beta"', '"gamma"'))
    (tmp_path / "20261203T120000Z-empty").mkdir()
    (tmp_path / "a file").write_text("")
    found = earlier(tmp_path, "alpha", "beta", "uuid-1").link()
    assert found.bandwidth is not None
    assert (found.bandwidth.likely, found.source) == (2000, "20 earlier runs")


def test_without_a_folder_of_runs_nothing_is_known(tmp_path: Path) -> None:
    assert earlier(tmp_path / "missing", "alpha", "beta", "uuid-1") == Earlier()
