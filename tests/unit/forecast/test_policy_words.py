"""What the form says of the policies."""

import pytest

from tui.core.plan import AUTOMATIC, PRE_COPY, Plan
from tui.core.virsh_options import BY_NAME
from tui.forecast.model.policy import DOWNTIME, POLICIES, View
from tui.forecast.model.policy_words import NOT_FORECAST, POLICY_WORDS, unforeseen

COLUMNS = 55  # of a line beside the labels at 120 columns
PLAN = Plan("guest1", AUTOMATIC)


def test_every_policy_has_its_words_and_they_fit_a_line() -> None:
    assert list(POLICY_WORDS) == list(POLICIES)
    for words in POLICY_WORDS.values():
        assert max(len(words.does), len(words.without_post_copy)) <= COLUMNS
        assert len(words.source) <= COLUMNS - len("< virsh-first-pass > ")


def test_those_that_set_the_downtime_are_known() -> None:
    view = View(1.0, 0.0, 1e9, 1e9, (), 1e8, 7.777, post_copy=False)
    for name, policy in POLICIES.items():
        decision = policy.decide(view)
        assert (decision is not None and decision.kind == DOWNTIME) == POLICY_WORDS[name].sets_downtime


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        (PLAN, ""),
        (Plan("guest1", PRE_COPY, shadow=True, policy="nova"), ""),
        (Plan("guest1", AUTOMATIC, shadow=True), "The shadow only records: the migration runs as marked."),
        (Plan("guest1", AUTOMATIC, policy="nova", total_s=60.0), ""),
        (
            Plan("guest1", PRE_COPY, comp_methods="xbzrle", tls=True, auto_converge_initial=30),
            "Not in the forecast: comp-methods, auto-converge-initial.",
        ),
    ],
)
def test_what_the_forecast_leaves_out_is_a_sentence(plan: Plan, sentence: str) -> None:
    assert unforeseen(plan) == sentence


def test_the_sentence_fits_one_line() -> None:
    every = {name: not BY_NAME[name].usual if BY_NAME[name].is_flag else 1 for name in NOT_FORECAST}
    plan = Plan("guest1", PRE_COPY, **every)  # type: ignore[arg-type]
    assert unforeseen(plan) == "Not in the forecast: comp-methods, zerocopy, auto-converge-initial, ..."
