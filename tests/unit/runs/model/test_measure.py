"""What statistics take from a recorded run."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.runs.recorded import tables
from tui.runs.model.annotation import Annotation
from tui.runs.model.export import fields
from tui.runs.model.facts import run_facts
from tui.runs.model.measure import measure
from tui.runs.model.measured import CENSORED, COMPLETED, EXCLUDED, FAILED, OPEN, Measured, Value
from tui.runs.model.parse import parse_run


def measured(content: dict[str, Any], excluded: str = "") -> Measured:
    """The run of these tables for statistics."""
    run = parse_run(Path("/runs/a-run"), content, in_use=False, annotation=Annotation(excluded=excluded))
    return measure(run)


def test_a_run_has_its_settings_as_text() -> None:
    found = measured(tables()).settings
    assert (found.vm, found.workload, found.technique) == (
        "1 GiB and 2 vCPUs",
        "memory (2 x 150 MiB, 20 MiB/s)",
        "pre-copy",
    )
    assert (found.limit, found.direction) == ("downtime limit 300 ms", "source -> destination")
    assert (found.bandwidth, found.connections, found.throttle, found.cell) == ("", "", "", "")


def test_a_run_whose_workload_found_wrong_pages_has_failed_as_in_its_study() -> None:
    after = {"error": "2 pages are wrong", "guest": {"lost_s": 3.0}}
    found = measure(parse_run(Path("/runs/a-run"), tables(), in_use=False, after=after))
    assert (found.status, found.why) == (FAILED, "2 pages are wrong")


def test_options_that_are_set_are_part_of_the_settings() -> None:
    options = {"bandwidth_mib_s": 20, "parallel": 4, "auto_converge": True, "technique": "post-copy-timeout"}
    found = measured(tables(options=options)).settings
    assert (found.bandwidth, found.connections, found.throttle) == (
        "at most 20 MiB/s",
        "4 connections",
        "auto-converge",
    )
    assert found.technique == "post-copy after 25 s"


@pytest.mark.parametrize(
    ("options", "further"),
    [
        ({"policy": "nova"}, "policy nova"),
        ({"total_s": 30.0}, "total at most 30 s"),
        ({"shadow": True}, "shadow"),
        ({"post_copy_refused": "Post-copy is not allowed", "tls": True}, "without post-copy, tls"),
    ],
)
def test_runs_with_other_options_of_automatic_are_no_repeats(options: dict[str, Any], further: str) -> None:
    assert measured(tables(options={"technique": "automatic", **options})).settings.further == further


@pytest.mark.parametrize(
    ("workload", "expected"),
    [
        ({"name": "idle"}, "idle"),
        ({"name": "cpu", "threads": 1}, "cpu (1 thread)"),
        ({"name": "memory", "threads": 2, "size_mib": 150, "rate_mib_s": 0}, "memory (2 x 150 MiB)"),
        ({"name": "mine", "command": "stress --vm 1"}, "mine (stress --vm 1)"),
        ({"name": "unknown"}, "workload unknown"),
    ],
)
def test_the_workload_has_its_parameters(workload: dict[str, Any], expected: str) -> None:
    assert measured({**tables(), "workload": workload}).settings.workload == expected


def test_a_key_press_is_another_technique_than_the_switch_of_a_study() -> None:
    by_hand = {"technique": "post-copy-manual"}
    assert measured(tables(options=by_hand)).settings.technique == "post-copy by hand"
    found = measured(tables(options=by_hand, study={"id": "s", "cell": "guest1; idle", "repeat": 1})).settings
    assert (found.technique, found.cell) == ("post-copy at once", "guest1; idle")


def test_the_figures_have_base_units() -> None:
    found = measured(tables(11.8, guest={"rate_before": 100.0, "lost_s": 5.9, "lost_at_least": ""}))
    assert found.status == COMPLETED
    assert found.values == {
        "total": Value(11.8),
        "downtime": Value(0.03),
        "downtime-network": Value(0.2),
        "downtime-guest": Value(0.16),  # 100 ms by its own clock, which stood still for 60 ms
        "sent": Value(2.0 * (1 << 30)),
        "passes": Value(4),
        "faults": Value(0),
        "lost": Value(5.9),
        "loss": Value(pytest.approx(50)),
    }


def test_the_loss_of_a_censored_run_is_unknown_because_it_lacks_the_switchover() -> None:
    study = {"id": "s", "censored": True}
    found = measured(
        tables(60, "cancelled", study=study, guest={"rate_before": 100.0, "lost_s": 0.1, "lost_at_least": ""})
    )
    assert found.values["lost"] == Value(0.1, above=True)
    assert "loss" not in found.values


@pytest.mark.parametrize("guest", [{"lost_s": 3.0, "lost_at_least": "it makes up"}, {"lost_s": 3.0}])
def test_lost_work_that_is_only_partly_known_is_a_lower_bound(guest: dict[str, Any]) -> None:
    found = measured(tables(12, guest=guest)).values  # an earlier version did not record whether all is known
    assert (found["lost"], found["loss"]) == (Value(3.0, above=True), Value(25.0, above=True))


def test_a_network_that_never_replied_again_has_a_lower_bound() -> None:
    assert measured(tables(felt={"network_open": True})).values["downtime-network"] == Value(0.2, above=True)


def test_a_censored_run_has_lower_bounds_and_no_downtime() -> None:
    found = measured(tables(None, "cancelled", study={"id": "s", "censored": True}))
    assert (found.status, found.counts) == (CENSORED, True)
    assert found.values == {
        "total": Value(60, above=True),  # from its begin to its end
        "sent": Value(2.0 * (1 << 30), above=True),
        "passes": Value(4, above=True),
    }


def test_a_run_that_completed_after_the_limit_is_censored_there_and_keeps_its_other_figures() -> None:
    found = measured(
        tables(75, study={"id": "s", "censored": True, "limit_s": 60.0}, guest={"lost_s": 7.5, "lost_at_least": ""})
    )
    assert (found.status, found.values["total"]) == (CENSORED, Value(60, above=True))
    kept = {name: value for name, value in found.values.items() if name != "total"}
    assert kept == {
        name: value
        for name, value in measured(tables(75, guest={"lost_s": 7.5, "lost_at_least": ""})).values.items()
        if name != "total"
    }


def test_a_run_that_completed_after_a_limit_that_is_not_recorded_took_its_own_time() -> None:
    assert measured(tables(75, study={"id": "s", "censored": True})).values["total"] == Value(75)
    cut = measured(tables(75, "cancelled", study={"id": "s", "censored": True}))
    assert cut.values["total"] == Value(75, above=True)


@pytest.mark.parametrize(("total_s", "outcome"), [(None, "completed"), (None, "cancelled"), (59.9, "cancelled")])
def test_a_run_over_a_known_limit_took_more_than_that(total_s: float | None, outcome: str) -> None:
    study = {"id": "s", "censored": True, "limit_s": 60.0}
    assert measured(tables(total_s, outcome, study=study)).values["total"] == Value(60, above=True)


@pytest.mark.parametrize(
    ("content", "excluded", "expected"),
    [
        (tables(outcome="failed"), "", (FAILED, "failed")),
        (tables(outcome="cancelled"), "", (FAILED, "cancelled")),
        (tables(outcome="lost"), "", (FAILED, "lost")),
        (tables(outcome="failed", study={"id": "s", "censored": True}), "", (FAILED, "failed")),
        (tables(outcome="running"), "", (OPEN, "unfinished")),
        (tables(study={"id": "s", "warm_up": True}), "", (EXCLUDED, "warm-up")),
        (tables(outcome="failed"), "the cable was out", (EXCLUDED, "the cable was out")),
    ],
)
def test_some_runs_do_not_count_and_have_a_reason(
    content: dict[str, Any], excluded: str, expected: tuple[str, str]
) -> None:
    found = measured(content, excluded)
    assert (found.status, found.why) == expected
    assert not found.counts


def test_pre_copy_has_converged_if_post_copy_was_not_needed() -> None:
    assert measured(tables()).without_post_copy
    assert not measured(tables(figures={"post_copy_at_s": 25.0})).without_post_copy


def test_the_versions_are_facts() -> None:
    hosts = {"destination": {"hostname": "b", "qemu": "10.1.0", "libvirt": "11.3.0"}}
    facts = measured(tables(hosts=hosts)).facts
    assert (facts["QEMU"], facts["libvirt"], facts["VM"]) == ("10.0.2 to 10.1.0", "11.3.0", "guest1")


def test_a_run_without_anything_is_measured() -> None:
    found = measured({"outcome": "completed"})
    assert (found.values, found.settings.vm, found.settings.workload) == ({}, "", "workload unknown")


def test_the_downtime_of_the_guest_is_a_lower_bound_if_its_clock_may_have_stood_still() -> None:
    felt = {"clock_lost_ms": None, "clock_error_ms": None, "clock_why": "the app was not running for a while"}
    assert measured(tables(felt=felt)).values["downtime-guest"] == Value(0.1, above=True)


@pytest.mark.parametrize(
    ("vm", "accelerator", "fact"),
    [
        ({"accelerator": "kvm"}, "KVM", "KVM"),
        ({"accelerator": "qemu"}, "emulated", "none: QEMU emulates the CPU"),
        ({}, "", None),
    ],
)
def test_emulated_vms_others_and_unknown_ones_are_never_repeats(
    vm: dict[str, str], accelerator: str, fact: str | None
) -> None:
    run = parse_run(Path("/runs/a-run"), tables(vm=vm), in_use=False)
    assert measure(run).settings.accelerator == accelerator
    assert dict(run_facts(run)).get("accelerator") == fact
    assert fields(run)["vm_accelerator"] == vm.get("accelerator", "")


def test_an_imported_run_without_a_result_has_lower_bounds() -> None:
    imported = {"imported": {"from": "log.txt"}, "felt": {}, "figures": {"total_time_ms": 12000, "passes": 4}}
    found = measured({**tables(outcome="lost"), **imported})
    assert (found.status, found.values) == (OPEN, {"total": Value(12, above=True), "passes": Value(4, above=True)})


def test_the_options_of_virsh_make_another_group() -> None:
    assert measured(tables()).settings.further == ""
    options = {"comp_methods": "zstd", "comp_zstd_level": 3, "undefinesource": False}
    assert measured(tables(options=options)).settings.further == (
        "comp-methods zstd, comp-zstd-level 3, no undefinesource"
    )
