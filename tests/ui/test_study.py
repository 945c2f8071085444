"""The Study page: what it shows of a study as it goes on, and its keys."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.ui.one_page import text_of, until
from tests.ui.study_screen import ID, FakeRunner, migrating, opened, write_study
from tui.core.failure import Failure
from tui.runner.protocol import Stopped
from tui.study.model.status import FINISHED, INTERRUPTED, RUNNING, STOPPED, STOPPING
from tui.study.screens import page as page_module
from tui.ui.question import Question

MIGRATION = migrating()


async def test_it_follows_the_study_and_asks_only_for_new_runs(tmp_path: Path) -> None:
    async with opened(FakeRunner(ended=2), tmp_path) as page:
        await page.sees("lab running", "2 of 18 runs, 0 over the limit, 0 failed; about 10 min left, until about")
        await page.sees(
            "Now: memory post-copy, repeat 1 of 2: letting the guest settle", "2 idle pre-copy warm-up back"
        )
        page.runner.ended, page.runner.migration = 3, MIGRATION
        await page.reads()
        await page.sees("migrating out, post-copy, 12 MiB left, 00:09", "3 of 18")
        assert ("", 2) in page.runner.asked
        lines = text_of(page.app).splitlines()
        first = next(number for number, line in enumerate(lines) if line.split()[:2] == ["run", "setting"])
        assert [line.split()[0] for line in lines[first + 1 : first + 4]] == ["3", "2", "1"]


async def test_the_chosen_run_stays_chosen_when_another_one_ends(tmp_path: Path) -> None:
    async with opened(FakeRunner(ended=3), tmp_path) as page:
        await page.sees("/runs/20261129T040003Z-guest1")
        await page.pilot.press("down")
        await page.sees("/runs/20261129T040002Z-guest1")
        page.runner.ended = 5
        await page.reads()
        await page.sees("5 of 18", "/runs/20261129T040002Z-guest1")


async def test_the_chosen_run_stays_chosen_in_a_terminal_of_another_size(tmp_path: Path) -> None:
    async with opened(FakeRunner(ended=3), tmp_path) as page:
        await page.sees("/runs/20261129T040003Z-guest1")
        await page.pilot.press("down")
        await page.sees("/runs/20261129T040002Z-guest1")
        await page.pilot.resize_terminal(100, 30)
        await page.sees("1 of 2", "/runs/20261129T040002Z-guest1")
        await page.pilot.pause()
        await page.sees("/runs/20261129T040002Z-guest1")


async def test_the_newest_run_is_chosen_until_a_person_chooses_another(tmp_path: Path) -> None:
    async with opened(FakeRunner(ended=2), tmp_path) as page:
        await page.sees("/runs/20261129T040002Z-guest1")
        page.runner.ended = 3
        await page.reads()
        await page.sees("/runs/20261129T040003Z-guest1")


async def test_a_long_list_ends_with_the_number_of_runs_that_it_leaves_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "MOST_LISTED", 3)
    async with opened(FakeRunner(ended=7), tmp_path) as page:
        await page.sees("4 earlier ones are on the Runs page")
        await page.pilot.press("end")
        await page.sees("/runs/20261129T040005Z-guest1")


async def test_the_last_failure_is_shown_and_enter_says_why_there_is_no_record(tmp_path: Path) -> None:
    async with opened(FakeRunner(ended=7), tmp_path) as page:
        await page.sees("Run 6 failed: The guest of guest1 does not reply: no route to host")
        await page.pilot.press("enter")
        await until(page.pilot, lambda: page.app.messages == [Path("/runs/20261129T040007Z-guest1")])
        await page.pilot.press("down", "enter")
        await page.is_notified("No migration was started in this run: The guest")
        assert len(page.app.messages) == 1


async def test_a_runner_of_an_earlier_version_is_named_as_soon_as_a_run_has_ended(tmp_path: Path) -> None:
    async with opened(FakeRunner(ended=0, is_earlier=True), tmp_path) as page:
        await page.sees("No run has ended yet.")
        page.runner.ended = 1
        await page.reads()
        await page.sees("The background process is of an earlier version, which does not send the runs.")


async def test_the_age_is_shown_while_the_runner_does_not_reply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = [100.0]
    monkeypatch.setattr(page_module, "monotonic", lambda: moment[0])
    async with opened(FakeRunner(ended=2), tmp_path) as page:
        await page.sees("lab running")
        page.runner.replying.clear()
        moment[0] += 30
        await page.sees("The background process does not reply. What is shown is 00:30 old.", "lab running")
        page.runner.replying.set()
        await page.reads()
        await until(page.pilot, lambda: "does not reply" not in page.words)


async def test_the_time_behind_a_dialog_is_no_missing_reply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = [100.0]
    monkeypatch.setattr(page_module, "monotonic", lambda: moment[0])
    async with opened(FakeRunner(ended=2), tmp_path) as page:
        await page.sees("lab running")
        await page.pilot.press("x")
        await page.sees("Stop the study lab?")
        page.runner.replying.clear()
        moment[0] += 30
        await page.pilot.press("n")
        await until(page.pilot, lambda: not isinstance(page.app.screen, Question))
        shown: Any = page.app.page
        shown._show_trouble()
        await page.pilot.pause()
        assert "does not reply" not in page.words
        moment[0] += 9
        await page.sees("What is shown is 00:39 old.")


async def test_a_reading_that_takes_too_long_is_given_up_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "REPLY_LIMIT_S", 0.01)
    monkeypatch.setattr(page_module, "IDLE_EVERY_S", 0.01)
    runner = FakeRunner(ended=2)
    runner.replying.clear()
    async with opened(runner, tmp_path) as page:
        await until(page.pilot, lambda: len(runner.asked) > 2)
        monkeypatch.setattr(page_module, "REPLY_LIMIT_S", 60.0)
        runner.replying.set()
        await page.sees("lab running")


async def test_a_runner_that_fails_is_a_sentence_and_the_next_one_is_asked(tmp_path: Path) -> None:
    runner = FakeRunner(failures=[Stopped("The runner in the background has ended", "", "Try again.")])
    async with opened(runner, tmp_path) as page:
        await page.sees("The runner in the background has ended. Try again.", "Reading the studies ...")
        await page.reads()
        await page.sees("lab running")
        assert "has ended" not in page.words


async def test_stop_asks_first_and_then_says_that_it_stops(tmp_path: Path) -> None:
    async with opened(FakeRunner(ended=7), tmp_path) as page:
        await page.sees("lab running")
        await page.pilot.press("x")
        await page.sees("Stop the study lab?", "continues with the runs that are left then.", "y stop it")
        await page.pilot.press("n")
        await until(page.pilot, lambda: not isinstance(page.app.screen, Question))
        assert page.runner.calls == []
        await page.pilot.press("x", "y")
        await page.sees("lab stopping", "Now: stopping: ")
        assert page.runner.calls == [("stop", None)]
        await page.pilot.press("x")
        await page.is_notified("It stops already.")


@pytest.mark.parametrize(
    ("state", "key", "sentence"),
    [
        (None, "x", "There is no study yet."),
        (None, "o", "There is no study yet."),
        (RUNNING, "n", "A study is under way: wait for its end, or stop it."),
        (RUNNING, "r", "It is under way."),
        (RUNNING, "f", "No migration of the study is under way."),
        (STOPPING, "x", "It stops already."),
        (STOPPED, "x", "No study is under way."),
        (FINISHED, "r", "The study is complete."),
    ],
)
async def test_a_key_that_cannot_act_says_why(tmp_path: Path, state: str | None, key: str, sentence: str) -> None:
    runner = FakeRunner(state, ended=18 if state == FINISHED else 7)
    async with opened(runner, tmp_path) as page:
        await page.sees("No study has been made yet." if state is None else f"lab {state}")
        await page.pilot.press(key)
        await page.is_notified(sentence)
        assert page.runner.calls == []


async def test_resume_continues_the_study_that_is_shown(tmp_path: Path) -> None:
    async with opened(FakeRunner(INTERRUPTED, ended=7), tmp_path) as page:
        await page.sees("The study lab was interrupted: the background process ended. r continues it.")
        await page.pilot.press("r")
        await page.sees("lab running")
        assert page.runner.calls == [("resume", ID)]


async def test_a_request_that_the_runner_refuses_is_a_sentence(tmp_path: Path) -> None:
    async with opened(FakeRunner(STOPPED, ended=7), tmp_path) as page:
        await page.sees("The study lab was stopped: a client requested it. r continues it.")
        page.runner.failures = [Failure("The study cannot start", "guest1 is shut off")]
        await page.pilot.press("r")
        await page.is_notified("The study cannot start: guest1 is shut off.")
        await page.sees("lab stopped")


async def test_its_migration_and_its_runs_are_requested_from_the_app(tmp_path: Path) -> None:
    async with opened(FakeRunner(migration=MIGRATION), tmp_path) as page:
        await page.sees("migrating out")
        await page.pilot.press("f", "o")
        await until(page.pilot, lambda: page.app.messages == [MIGRATION["run"], ID])


async def test_another_study_is_chosen_from_the_list_and_resumed_and_escape_returns(tmp_path: Path) -> None:
    write_study(tmp_path, "20261128T150000Z-lab", 5, stopped="2 runs in a row have failed")
    write_study(tmp_path, ID, 7)
    async with opened(FakeRunner(STOPPED), tmp_path) as page:
        await page.sees("lab stopped")
        assert "esc back" not in page.keys
        await page.pilot.press("e")
        await page.sees("Studies, the newest first", "interrupted 7 of 18 lab", "stopped 5 of 18 lab 2 runs in a row")
        await page.pilot.press("down", "enter")
        await until(page.pilot, lambda: "esc back" in page.keys)
        await until(page.pilot, lambda: page.runner.asked[-1][0] == "20261128T150000Z-lab")
        await page.pilot.press("r")
        await until(page.pilot, lambda: page.runner.calls == [("resume", "20261128T150000Z-lab")])
        await page.pilot.press("escape")
        await until(page.pilot, lambda: page.runner.asked[-1][0] == "")


async def test_a_damaged_study_says_why_it_cannot_be_shown(tmp_path: Path) -> None:
    write_study(tmp_path, ID, 7)
    (tmp_path / ID / "plan.toml").write_text("x")
    async with opened(FakeRunner(None), tmp_path) as page:
        await page.pilot.press("e")
        await page.sees("damaged")
        await page.pilot.press("enter")
        await page.sees("is not valid TOML")


async def test_an_empty_list_says_so(tmp_path: Path) -> None:
    async with opened(FakeRunner(None), tmp_path) as page:
        await page.pilot.press("e")
        await page.sees("Studies, the newest first", "No study has been made yet.")


async def test_a_hidden_page_reads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "EVERY_S", 0.0)
    async with opened(FakeRunner(), tmp_path) as page:
        await page.sees("lab running")
        suspended: Any = page.app.page
        suspended.on_screen_suspend()
        await page.pilot.pause()
        count = len(page.runner.asked)
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(page.runner.asked) == count


async def test_a_filter_leaves_only_the_runs_with_its_words(tmp_path: Path) -> None:
    async with opened(FakeRunner(ended=7), tmp_path) as page:
        await page.sees("/runs/20261129T040007Z-guest1")
        await page.pilot.press("slash", *"FAILED", "enter")
        await page.sees('1 of 7 runs have "FAILED".', "The guest of guest1 does not reply")
        page.runner.ended = 8
        await page.reads()
        await page.sees('1 of 8 runs have "FAILED".')
        await page.pilot.press("slash", *"x", "enter")
        await page.sees('0 of 8 runs have "FAILEDx".')
        await page.pilot.press("slash", "ctrl+u", "enter")
        await page.sees("/runs/20261129T040008Z-guest1")
        await page.pilot.press("slash", *"FAILED", "enter")
        await page.sees('1 of 8 runs have "FAILED".', "esc all")
        await page.pilot.press("escape")
        await page.sees("/runs/20261129T040008Z-guest1")


async def test_a_low_terminal_keeps_the_state_and_the_runs_and_a_higher_one_has_all_again(tmp_path: Path) -> None:
    async with opened(FakeRunner(ended=7), tmp_path, size=(40, 12)) as page:
        await page.sees("lab running", "run setting", "7 idle pr… 1 out compl", "6 memory")
        await page.pilot.resize_terminal(80, 24)
        await page.sees("median total time", "/runs/20261129T040007Z-guest1", "7 idle pre-copy")
