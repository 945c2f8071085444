"""The sentence about a checklist, and which of its keys can act."""

from dataclasses import replace

import pytest

from tests.page_keys import with_page_keys
from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, STATES, UNKNOWN, WARNING, Finding, Item
from tui.checklist.model.keys import DETAILS, FIX, FIX_ALL, PASSWORD, PROGRESS, REFRESH, UNDO, UNDO_ALL, Moment, why_not
from tui.checklist.model.summary import SIGNS, WORDS, by_host, fixed, sentence, state_words
from tui.linux.change import Change, Command, Move

CHANGE = Change((Move(Command("storage", ("true",))),))


def item(state: str = "", *, fix: bool = False, waits: str = "", undo: bool = False, host: str = "storage") -> Item:
    finding = Finding(state, "found") if state else None
    return Item("id", host, "a title", "why", finding, CHANGE if fix else None, waits, CHANGE if undo else None)


GOOD, BROKEN = item(OK), item(FAILED)
MISSING, WAITING = item(FAILED, fix=True), item(FAILED, fix=True, waits="first: another (storage)")


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([], "There is nothing to check."),
        ([item(), item()], "The hosts have not been read yet; r reads them."),
        ([GOOD, item(NOT_NEEDED), item(WARNING)], "1 warning, 1 ok, 1 not needed. Everything is ready."),
        ([GOOD, MISSING], "1 FAILED, 1 ok. a fixes 1. All commands are shown first."),
        (
            [MISSING, MISSING, WAITING],
            "3 FAILED. a fixes 2; 1 more depends on them. All commands are shown first.",
        ),
        (
            [MISSING, WAITING, WAITING],
            "3 FAILED. a fixes 1; 2 more depend on it. All commands are shown first.",
        ),
        ([BROKEN], "1 FAILED. The app can't fix these; Enter on a line shows what you can do."),
        ([WAITING], "1 FAILED. The app can't fix these; Enter on a line shows what you can do."),
    ],
)
def test_the_sentence_reports_the_states_and_the_next_key(items: list[Item], expected: str) -> None:
    assert with_page_keys(sentence(items, reading=False, was_read=True)) == expected


@pytest.mark.parametrize(
    ("silent", "items", "expected"),
    [
        ({"a": "last answer 12 s ago"}, [item(OK, host="a"), item(OK, host="b"), item(WARNING, host="b")],
         "1 warning, 1 ok, 1 not current. a does not answer, last answer 12 s ago."),
        ({"a": "last answer 12 s ago"}, [item(OK, host="a"), item(FAILED, host="b", fix=True)],
         "1 FAILED, 1 not current. a does not answer, last answer 12 s ago. a fixes 1."),
        ({"a": "last answer 1 min ago", "b": "no answer yet"}, [item(OK, host="a"), item(OK, host="b")],
         "2 not current. 2 hosts do not answer: a (last answer 1 min ago), b (no answer yet)."),
    ],
)  # fmt: skip
def test_nothing_is_ready_while_a_host_does_not_answer(
    silent: dict[str, str], items: list[Item], expected: str
) -> None:
    assert with_page_keys(sentence(items, reading=False, was_read=True, silent=silent)) == expected


def test_a_line_of_a_silent_host_has_a_sign_of_its_own() -> None:
    assert (state_words(GOOD), state_words(GOOD, old=True)) == ("+ ok", "~ ok")


def test_the_sentence_reports_that_the_hosts_are_being_read() -> None:
    assert with_page_keys(sentence([item()], reading=True, was_read=False)) == "Reading the hosts ..."
    assert (
        with_page_keys(sentence([item(), GOOD], reading=True, was_read=False))
        == "Reading the hosts (1 of 2 lines): 1 ok."
    )
    assert (
        with_page_keys(sentence([GOOD], reading=True, was_read=True)) == "1 ok. Everything is ready. Reading again ..."
    )
    # What the app can fix is not known before all has been read.
    assert sentence([GOOD, BROKEN], reading=True, was_read=True) == "1 FAILED, 1 ok. Reading again ..."


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["storage"], "sudo on storage requires a password: o enters it."),
        (["source", "storage"], "sudo on source and storage requires a password: o enters it."),
        (["a", "b", "c"], "sudo on a, b and c requires a password: o enters it."),
    ],
)
def test_a_required_password_is_the_first_advice(wanted: list[str], expected: str) -> None:
    assert with_page_keys(sentence([MISSING], reading=False, was_read=True, wanted=wanted)) == f"1 FAILED. {expected}"


@pytest.mark.parametrize(
    ("applied", "items", "expected"),
    [
        ([GOOD], [GOOD], "1 was fixed. Everything is ready."),
        ([], [GOOD], "Nothing was changed: everything was ready."),
        ([GOOD, GOOD], [GOOD, GOOD, MISSING], "2 were fixed; 1 more can be fixed now: a shows the commands."),
        ([GOOD], [WAITING], "1 was fixed; 1 can't be fixed yet; see with Enter what a line depends on."),
        ([GOOD], [GOOD, BROKEN, item()], "1 was fixed; the app can't fix the rest: 1 FAILED, 1 unknown."),
    ],
)
def test_fixing_all_ends_with_a_sentence(applied: list[Item], items: list[Item], expected: str) -> None:
    assert with_page_keys(fixed(applied, items)) == expected


def test_every_state_differs_from_the_others_without_colour() -> None:
    assert len(set(SIGNS.values())) == len(STATES) == len(WORDS)
    assert [state_words(item(state)) for state in STATES] == [
        "+ ok", "! warning", "x FAILED", "? unknown", "- not needed",
    ]  # fmt: skip
    assert (state_words(item(), reading=True), state_words(item())) == ("  reading", "  not read")


def test_lines_are_grouped_by_host_and_keep_their_order() -> None:
    items = [replace(item(host=host), id=id) for id, host in zip("abcde", ("x", "y", "x", "z", "y"), strict=True)]
    assert [each.id for each in by_host(items, ("z", "x", "y"))] == ["d", "a", "c", "b", "e"]


# -- keys --


@pytest.mark.parametrize(
    ("action", "moment", "reason"),
    [
        (REFRESH, Moment((), None), ""),
        (REFRESH, Moment((), None, reading=True), "The hosts are being read."),
        (DETAILS, Moment((), None), "There is no line under the cursor."),
        (DETAILS, Moment([GOOD], GOOD), ""),
        (FIX, Moment((), None), "There is no line under the cursor."),
        (FIX, Moment([MISSING], MISSING), ""),
        (FIX, Moment([MISSING], MISSING, under_way="Fix: x"), "Another change is under way (Fix: x); v shows it."),
        (FIX, Moment([item()], item()), "It has not been read yet."),
        (FIX, Moment([GOOD], item(NOT_NEEDED)), "It is not needed: there is nothing to fix."),
        (FIX, Moment([WAITING], WAITING), "First: another (storage)."),
        (FIX, Moment([BROKEN], BROKEN), "The app can't fix it; Enter shows what you can do."),
        (FIX_ALL, Moment([GOOD, MISSING], GOOD), ""),
        (FIX_ALL, Moment([WAITING], WAITING), "a title: first: another (storage)."),
        (FIX_ALL, Moment([GOOD], GOOD), "Nothing is missing."),
        (FIX_ALL, Moment([item()], item()), "No host has been read yet."),
        (
            FIX_ALL,
            Moment([item(UNKNOWN)], GOOD),
            "The app can't fix these; Enter on a line shows what you can do.",
        ),
        (UNDO, Moment([GOOD], GOOD), "Nothing was changed for this line, so there is nothing to undo."),
        (UNDO, Moment([GOOD], item(OK, undo=True)), ""),
        (UNDO_ALL, Moment([GOOD], GOOD), "Nothing was changed, so there is nothing to undo."),
        (UNDO_ALL, Moment([GOOD, item(OK, undo=True)], GOOD), ""),
        (PASSWORD, Moment((), None), "No host requires a password."),
        (PASSWORD, Moment((), None, wanted=("storage",)), ""),
        (PROGRESS, Moment((), None), "Nothing was changed yet; f fixes one line, a all."),
        (PROGRESS, Moment((), None, done=True), ""),
    ],
)
def test_a_key_that_cannot_act_explains_why(action: str, moment: Moment, reason: str) -> None:
    assert with_page_keys(why_not(action, moment)) == reason
