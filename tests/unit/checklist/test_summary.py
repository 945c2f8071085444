"""A checklist in a sentence, and which of its keys can act."""

from dataclasses import replace

import pytest

from tests.page_keys import with_page_keys
from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, STATES, UNKNOWN, WARNING, Finding, Item
from tui.checklist.model.keys import DETAILS, FIX, FIX_ALL, LOOK, PASSWORD, PROGRESS, UNDO, UNDO_ALL, Moment, why_not
from tui.checklist.model.summary import SIGNS, WORDS, by_host, fixed, sentence, state_words
from tui.linux.change import Change, Command, Move

CHANGE = Change((Move(Command("storage", ("true",))),))


def item(state: str = "", *, fix: bool = False, waits: str = "", undo: bool = False, host: str = "storage") -> Item:
    finding = Finding(state, "found") if state else None
    return Item("id", host, "a title", "why", finding, CHANGE if fix else None, waits, CHANGE if undo else None)


GOOD, BROKEN = item(OK), item(FAILED)
MISSING, WAITING = item(FAILED, fix=True), item(FAILED, fix=True, waits="first: another (storage)")


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ([], "There is nothing to check."),
        ([item(), item()], "Nobody has looked yet: r looks."),
        ([GOOD, item(NOT_NEEDED), item(WARNING)], "1 warning, 1 ok, 1 not needed. All is as it must be."),
        ([GOOD, MISSING], "1 FAILED, 1 ok. a fixes 1 of them: all commands are shown first."),
        (
            [MISSING, MISSING, WAITING],
            "3 FAILED. a fixes 2 of them, then 1 that waits for them: all commands are shown first.",
        ),
        (
            [MISSING, WAITING, WAITING],
            "3 FAILED. a fixes 1 of them, then 2 that wait for it: all commands are shown first.",
        ),
        ([BROKEN], "1 FAILED. Enter on a line says what can be done; the app can't do it here."),
        ([WAITING], "1 FAILED. Enter on a line says what can be done; the app can't do it here."),
    ],
)
def test_the_sentence_says_how_it_stands_and_what_to_press(items: list[Item], said: str) -> None:
    assert with_page_keys(sentence(items, looking=False, looked=True)) == said


def test_the_sentence_says_what_goes_on() -> None:
    assert with_page_keys(sentence([item()], looking=True, looked=False)) == "Looking at the hosts ..."
    assert with_page_keys(sentence([item(), GOOD], looking=True, looked=False)) == "Looking (1 of 2 read): 1 ok."
    assert (
        with_page_keys(sentence([GOOD], looking=True, looked=True)) == "1 ok. All is as it must be. Looking again ..."
    )


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (["storage"], "o gives the password that sudo wants on storage."),
        (["source", "storage"], "o gives the password that sudo wants on source and storage."),
        (["a", "b", "c"], "o gives the password that sudo wants on a, b and c."),
    ],
)
def test_a_wanted_password_comes_before_everything(wanted: list[str], said: str) -> None:
    assert with_page_keys(sentence([MISSING], looking=False, looked=True, wanted=wanted)) == f"1 FAILED. {said}"


@pytest.mark.parametrize(
    ("applied", "items", "said"),
    [
        ([GOOD], [GOOD], "1 was fixed: all is as it must be."),
        ([], [GOOD], "Nothing was changed: all is as it must be already."),
        ([GOOD, GOOD], [GOOD, GOOD, MISSING], "2 were fixed; 1 more can be fixed now: a shows the commands."),
        ([GOOD], [WAITING], "1 was fixed; 1 can't be fixed yet: Enter on a line says what it waits for."),
        ([GOOD], [GOOD, BROKEN, item()], "1 was fixed, and nothing more can be: 1 FAILED, 1 unknown."),
    ],
)
def test_fixing_all_ends_with_a_sentence(applied: list[Item], items: list[Item], said: str) -> None:
    assert with_page_keys(fixed(applied, items)) == said


def test_every_state_can_be_told_from_the_others_without_colour() -> None:
    assert len(set(SIGNS.values())) == len(STATES) == len(WORDS)
    assert [state_words(item(state)) for state in STATES] == [
        "+ ok", "! warning", "x FAILED", "? unknown", "- not needed",
    ]  # fmt: skip
    assert (state_words(item(), looking=True), state_words(item())) == ("  looking", "  not read")


def test_all_lines_of_a_host_stand_together_in_their_order() -> None:
    items = [replace(item(host=host), id=id) for id, host in zip("abcde", ("x", "y", "x", "z", "y"), strict=True)]
    assert [each.id for each in by_host(items, ("z", "x", "y"))] == ["d", "a", "c", "b", "e"]


# -- keys --


@pytest.mark.parametrize(
    ("action", "moment", "reason"),
    [
        (LOOK, Moment((), None), ""),
        (LOOK, Moment((), None, looking=True), "The hosts are being looked at."),
        (DETAILS, Moment((), None), "There is no line under the cursor."),
        (DETAILS, Moment([GOOD], GOOD), ""),
        (FIX, Moment((), None), "There is no line under the cursor."),
        (FIX, Moment([MISSING], MISSING), ""),
        (FIX, Moment([MISSING], MISSING, under_way="Fix: x"), "Fix: x: that is under way; v shows it."),
        (FIX, Moment([item()], item()), "It has not been looked at yet."),
        (FIX, Moment([GOOD], item(NOT_NEEDED)), "It is not needed: nothing is to be done."),
        (FIX, Moment([WAITING], WAITING), "First: another (storage)."),
        (FIX, Moment([BROKEN], BROKEN), "The app can't fix it; Enter says what a person can do."),
        (FIX_ALL, Moment([GOOD, MISSING], GOOD), ""),
        (FIX_ALL, Moment([WAITING], WAITING), "a title: first: another (storage)."),
        (FIX_ALL, Moment([GOOD], GOOD), "Nothing is missing."),
        (FIX_ALL, Moment([item()], item()), "Nothing is known yet."),
        (
            FIX_ALL,
            Moment([item(UNKNOWN)], GOOD),
            "The app can fix none of it; Enter on a line says what a person can do.",
        ),
        (UNDO, Moment([GOOD], GOOD), "Nothing was done for this line, so there is nothing to take back."),
        (UNDO, Moment([GOOD], item(OK, undo=True)), ""),
        (UNDO_ALL, Moment([GOOD], GOOD), "Nothing was done, so there is nothing to take back."),
        (UNDO_ALL, Moment([GOOD, item(OK, undo=True)], GOOD), ""),
        (PASSWORD, Moment((), None), "No host wants a password."),
        (PASSWORD, Moment((), None, wanted=("storage",)), ""),
        (PROGRESS, Moment((), None), "Nothing has been done yet; f and a fix what is missing."),
        (PROGRESS, Moment((), None, done=True), ""),
    ],
)
def test_a_key_that_cannot_act_says_why(action: str, moment: Moment, reason: str) -> None:
    assert with_page_keys(why_not(action, moment)) == reason
