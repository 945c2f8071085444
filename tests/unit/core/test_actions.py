"""Sentences that name an action: with its key on the page that has it, in words everywhere else."""

import pytest

from tui.core.actions import (
    CANCEL,
    CLOSE,
    DELETE,
    DOWNTIME,
    OPEN,
    PAUSE,
    POST_COPY,
    START,
    WORDS,
    with_keys,
    without_keys,
    without_offers,
)

KEYS = {"migrate.post-copy": "p", "migrate.cancel": "c"}


@pytest.mark.parametrize(
    ("sentence", "on_its_page", "elsewhere"),
    [
        (
            f"Not converging. {POST_COPY} finishes it.",
            "Not converging. p finishes it.",
            "Not converging. Switching to post-copy finishes it.",
        ),
        (f"It runs; {CANCEL} cancels it.", "It runs; c cancels it.", "It runs; the Migrate page cancels it."),
        (f"{POST_COPY} or {CANCEL}", "p or c", "Switching to post-copy or the Migrate page"),
        (f"{DELETE} deletes it.", "The Launch page deletes it.", "The Launch page deletes it."),
        ("No action is named: {cancel}.", "No action is named: {cancel}.", "No action is named: {cancel}."),
    ],
)
def test_a_sentence_reads_well_with_and_without_keys(sentence: str, on_its_page: str, elsewhere: str) -> None:
    assert with_keys(sentence, KEYS) == on_its_page
    assert without_keys(sentence) == elsewhere


def test_every_action_has_words_and_no_sentence_keeps_a_token() -> None:
    assert all(WORDS.values())
    assert not {OPEN, CLOSE} & set(without_keys("".join(f"{OPEN}{id}{CLOSE}" for id in WORDS)))
    assert without_keys(START) == "The Migrate page"


@pytest.mark.parametrize(
    ("sentence", "left"),
    [
        ("Nothing is offered; not even here.", "Nothing is offered; not even here."),
        (f"Not converging. {POST_COPY} finishes it.", "Not converging. Switching to post-copy finishes it."),
        (f"Nothing is sent. {CANCEL} cancels it.", "Nothing is sent."),
        (f"{DOWNTIME} allows more; {CANCEL} cancels it.", "Raising the limit allows more."),
        (f"It hangs. If it works, {PAUSE} pauses it. Then wait!", "It hangs. Then wait!"),
        (f"{START} starts one.", ""),
    ],
)
def test_a_past_moment_offers_nothing_that_only_another_page_does(sentence: str, left: str) -> None:
    assert without_keys(without_offers(sentence, {})) == left


def test_a_past_moment_keeps_what_its_own_keys_do() -> None:
    assert without_offers(f"It runs; {CANCEL} cancels it.", KEYS) == f"It runs; {CANCEL} cancels it."
