"""Combinations of options that libvirt or QEMU would refuse."""

import pytest

from tui.core.plan import AUTOMATIC, PARALLEL_POST_COPY_SINCE, TECHNIQUES, Plan, possible, refuse

QEMU = (10, 0, 2)


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_every_technique_can_be_planned(technique: str) -> None:
    plan = Plan("guest1", technique=technique, bandwidth_mib_s=0, downtime_ms=1, auto_converge=True)
    assert refuse(plan, QEMU) is None
    assert plan.post_copy == (technique not in ("pre-copy", "suspend-timeout"))


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        (
            Plan("x", technique="teleport"),
            "There is no technique 'teleport': the techniques are pre-copy, post-copy-timeout, post-copy-manual, "
            "automatic, suspend-timeout.",
        ),
        (Plan("x", downtime_ms=0), "The maximum downtime must be at least 1 ms: it is 0 ms."),
        (Plan("x", bandwidth_mib_s=-1), "The bandwidth limit cannot be negative. 0 means no limit."),
        (Plan("x", parallel=-1), "The number of parallel connections cannot be negative. 0 means one connection."),
        (
            Plan("x", technique="post-copy-timeout", timeout_s=0),
            "The timeout for post-copy must be above 0 s. Choose post-copy by hand to switch at once.",
        ),
        (
            Plan("x", technique="post-copy-manual", parallel=4),
            "Post-copy over parallel connections cannot start: QEMU allows it since 10.1, this host has 10.0.2. "
            "Set the parallel connections to 0, or choose pre-copy.",
        ),
    ],
)
def test_an_impossible_combination_is_refused_with_a_sentence(plan: Plan, sentence: str) -> None:
    assert str(refuse(plan, QEMU)) == sentence


@pytest.mark.parametrize("technique", ["post-copy-manual", "post-copy-timeout"])
def test_post_copy_over_parallel_connections_needs_a_newer_qemu(technique: str) -> None:
    plan = Plan("x", technique=technique, parallel=2)
    assert refuse(plan, PARALLEL_POST_COPY_SINCE) is None
    assert refuse(plan, (6, 2, 0)) is not None


def test_parallel_connections_without_post_copy_work_with_any_qemu() -> None:
    assert refuse(Plan("x", parallel=8), (6, 2, 0)) is None


def test_the_timeout_is_checked_only_for_the_technique_that_uses_it() -> None:
    assert refuse(Plan("x", technique="post-copy-manual", timeout_s=0), QEMU) is None


def test_automatic_slows_the_vm_down_where_post_copy_is_refused() -> None:
    plan = Plan("x", AUTOMATIC, parallel=4)
    assert refuse(plan, QEMU) is None
    without = possible(plan, QEMU)
    assert (without.post_copy, without.auto_converge) == (False, True)
    assert without.post_copy_refused == "QEMU allows it since 10.1, this host has 10.0.2"
    assert possible(plan, PARALLEL_POST_COPY_SINCE) is plan
    other = Plan("x", parallel=4)
    assert possible(other, QEMU) is other


def test_fields_that_older_versions_do_not_know_are_left_out() -> None:
    assert list(Plan("x").fields)[-1] == "parallel"
    shadow = Plan("x", shadow=True)
    assert Plan(**shadow.fields) == shadow
