"""Everything that run.toml has becomes part of the run; what it does not have is unknown."""

import sys
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from tui.runs.model.facts import figure_facts
from tui.runs.model.options import RunOptions
from tui.runs.model.parse import parse_run
from tui.runs.model.run import GuestWork, HostFacts, QueueMark, Run, StudyMark

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

RUN_TOML = """\
outcome = "completed"
began = "2026-11-28T23:53:24.701Z"
ended = "2026-11-28T23:53:33.030Z"
verified = "guest1 runs on destination and is gone from source."
interval_s = 1.0
[vm]
name = "guest1"
vcpus = 2
memory_bytes = 1073741824
[options]
technique = "post-copy-timeout"
timeout_s = 5.0
bandwidth_mib_s = 20
downtime_ms = 50
auto_converge = true
parallel = 4
[hosts]
origin = "source"
target = "destination"
[hosts.source]
hostname = "a"
libvirt = "11.3.0"
qemu = "10.0.2"
cpus = 2
[hosts.destination]
libvirt = "12.0.0"
[workload]
name = "memory"
threads = 2
rate_mib_s = 0
[versions]
vmlm-tui = "0.2.0"
[figures]
total_time_ms = 7674
downtime_ms = 13
setup_time_ms = 4
memory_sent_bytes = 841651870
memory_total_bytes = 1074274304
passes = 3
post_copy_faults = 3067
post_copy_at_s = 5.034
samples = 16
from_libvirt = true
[felt]
network_ms = 230.738
network_resolution_ms = 20.691
guest_ms = 153.29
clock_lost_ms = 61.332
clock_error_ms = 2.232
[guest]
rate_before = 100.0
unit = "MiB/s"
lost_s = 0.5
lost_at_least = "it makes up"
[study]
name = "original"
id = "20261128T230000Z-original"
cell = "memory, post-copy after 5 s"
direction = "back"
repeat = 3
warm_up = true
[queue]
id = "20261128T231500Z-evacuate-source"
number = 2
attempt = 1
[imported]
file = "guest1.log"
"""
TABLES = tomllib.loads(RUN_TOML)


def parsed(tables: dict[str, Any]) -> Run:
    return parse_run(Path("/runs/20261128T235324Z-guest1-memory-post-copy-timeout"), tables, in_use=False)


def test_a_run_has_everything_that_its_summary_has() -> None:
    run = parsed(TABLES)
    assert run.ended == datetime(2026, 11, 28, 23, 53, 33, 30_000, timezone.utc)
    assert (run.vcpus, run.memory_bytes, run.parameters) == (2, 1 << 30, {"threads": 2, "rate_mib_s": 0})
    assert run.options == RunOptions("post-copy-timeout", 5.0, 20, 50, auto_converge=True, parallel=4)
    assert run.way == "source -> destination"
    assert run.origin_facts == HostFacts("a", "11.3.0", "10.0.2", 2)
    assert run.target_facts == HostFacts(libvirt="12.0.0")
    assert (run.app_version, run.interval_s) == ("0.2.0", 1.0)
    assert run.imported.startswith("Imported from guest1.log.")
    assert run.verified == "guest1 runs on destination and is gone from source."
    assert (run.total_s, run.downtime_s, run.setup_s) == (7.674, 0.013, 0.004)
    assert (run.sent_bytes, run.total_bytes, run.passes, run.faults) == (841651870, 1074274304, 3, 3067)
    assert (run.post_copy_at_s, run.samples, run.from_libvirt) == (5.034, 16, True)
    assert run.study == StudyMark(
        "original", "20261128T230000Z-original", "memory, post-copy after 5 s", "back", 3, warm_up=True
    )
    assert run.queue == QueueMark("20261128T231500Z-evacuate-source", 2, 1)
    assert run.guest == GuestWork(100.0, None, "MiB/s", 0.5, "it makes up")


def test_the_guests_downtime_has_the_time_for_which_its_clock_stood_still() -> None:
    run = parsed(TABLES)
    assert (run.network_ms, run.guest_ms) == (230.738, pytest.approx(153.29 + 61.332))
    within_error = {**TABLES, "felt": {**TABLES["felt"], "clock_lost_ms": 2.0}}
    assert parsed(within_error).guest_ms == 153.29


def test_a_reason_stands_for_a_downtime_that_was_not_measured() -> None:
    run = parsed({**TABLES, "felt": {"network_why": "no reply came", "guest_ms": float("nan"), "guest_why": 7}})
    assert run.network_ms is run.guest_ms is None
    assert run.observed is not None
    assert (run.observed.network_why, run.observed.guest_why) == ("no reply came", "")


def test_what_a_summary_does_not_have_is_unknown() -> None:
    run = parsed({"outcome": "completed"})
    unknown = {name: value for name, value in vars(run).items() if name not in ("folder", "began", "outcome")}
    fresh = vars(Run(run.folder))
    assert unknown == {name: value for name, value in fresh.items() if name in unknown}
    assert run.options.words == run.way == ""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (RunOptions("pre-copy", 25.0, 0, 300, auto_converge=False, parallel=0), "pre-copy"),
        (RunOptions("pre-copy", None, 20, 300, auto_converge=True, parallel=4), "pre-copy +ac x4 <=20 MiB/s"),
        (RunOptions("pre-copy", downtime_ms=1500), "pre-copy <=1.5 s"),
        (RunOptions("post-copy-timeout", 25.0), "post 25 s"),
        (RunOptions("post-copy-timeout"), "post timed"),
        (RunOptions("post-copy-manual", parallel=2), "post hand x2"),
        (RunOptions("unknown"), "unknown"),
        (RunOptions(), ""),
    ],
)
def test_a_technique_is_shown_with_the_options_that_differ_from_the_defaults(options: RunOptions, words: str) -> None:
    assert options.words == words


def test_all_known_options_have_a_label() -> None:
    assert RunOptions("post-copy-timeout", 5.0, 0, 300, auto_converge=False, parallel=0).facts == [
        ("technique", "post-copy after 5 s"),
        ("bandwidth", "no limit"),
        ("max downtime", "300 ms"),
        ("auto-converge", "no"),
        ("connections", "1"),
    ]
    assert RunOptions("pre-copy").facts == [("technique", "pre-copy")]


def test_options_of_virsh_are_shown_if_they_differ_and_damaged_ones_are_left_out() -> None:
    given = {"technique": "pre-copy", "dname": "guest2", "persistent": False, "tls": "yes", "comp_zlib_level": 99}
    options = parsed({**TABLES, "options": given}).options
    assert options.words == "pre-copy dname guest2 no persistent"
    assert dict(options.facts)["further options"] == "dname guest2, no persistent"


@pytest.mark.parametrize(
    ("guest", "text"),
    [
        (GuestWork(lost_s=1.5), "1.5 s at the rate before"),
        (GuestWork(lost_s=1.5, lost_at_least="it makes up"), "at least 1.5 s: it makes up"),
        (GuestWork(lost_s=0.0, lost_at_least="it makes up"), "unknown: it makes up"),
    ],
)
def test_lost_work_has_the_reason_why_it_is_not_all(guest: GuestWork, text: str) -> None:
    assert dict(figure_facts(Run(Path("/runs/x"), guest=guest)))["work lost"] == text


@pytest.mark.parametrize(("outcome", "imported", "least"), [("lost", "Imported.", "at least "), ("lost", "", "")])
def test_a_log_without_a_result_has_figures_that_are_at_least_those_of_its_last_sample(
    outcome: str, imported: str, least: str
) -> None:
    run = Run(Path("/runs/x"), outcome=outcome, imported=imported, total_s=11.8, sent_bytes=1 << 30, passes=4, faults=7)
    facts = dict(figure_facts(replace(run, from_libvirt=False)))
    assert (facts["total"], facts["passes"]) == (f"{least}11.8 s", f"{least}4")
    assert facts["sent"].startswith(f"{least}1.0 GiB")
    assert facts["faults"].startswith(f"{least}7 pages")
    assert facts["figures from"].endswith("the log has no result" if least else "libvirt no longer had the final ones")
