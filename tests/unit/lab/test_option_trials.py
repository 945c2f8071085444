"""Every option of virsh is tried in the lab, or refused there; those of the copy of disks in test_copy_storage."""

import pytest

from tests.lab.option_trials import COPIES, REFUSED, SHARED
from tui.core.plan import Plan
from tui.core.virsh_options import BY_NAME, OPTIONS
from tui.core.vm import Daemon
from tui.migration.model.call.gate import Case, refusals

LAB = Daemon("qemu:///system", "host", "uuid", (11, 3, 0), (10, 0, 2), 2, "EPYC", 1 << 34, 1 << 33)


@pytest.mark.parametrize("name", [each.name for each in OPTIONS])
def test_each_option_has_a_trial(name: str) -> None:
    tried = any(name in given for given in (*(each.given for each in SHARED), *(given for given, _ in REFUSED)))
    assert tried is (name not in COPIES)


def test_no_trial_has_the_usual_value_or_one_that_the_gate_refuses() -> None:
    for trial in SHARED:
        given = trial.plan("10.77.0.2", f"<domain><name>{trial.vm}</name><uuid>u</uuid></domain>")
        assert [name for name in given if name in BY_NAME and given[name] == BY_NAME[name].usual] == []
        assert refusals(Case(Plan(trial.vm, **given), LAB, LAB)) == []


def test_the_gate_refuses_the_others_with_their_sentence() -> None:
    for given, sentence in REFUSED:
        found = refusals(Case(Plan("x", **given), LAB, LAB))  # type: ignore[arg-type]
        assert sentence in str(found[0])
