"""The form for a new study: a plan is chosen, previewed, and started."""

from pathlib import Path

import pytest
from textual import events

from tests.ui.one_page import type_in, until
from tests.ui.study_screen import ID, FakeRunner, OpenedStudy, opened, write_study
from tui.core import actions
from tui.core.failure import Failure
from tui.study import EXAMPLES
from tui.study.backend.plan_file import example
from tui.study.backend.plan_source import PlanSource
from tui.study.model.status import FINISHED, UNCHECKED
from tui.study.screens.new import NewStudy, StartStudy
from tui.study.screens.page import StudyPage


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, text: str) -> None:
    """Write a file below the current folder."""
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(text)


async def choose(page: OpenedStudy, plan: str) -> None:
    """Open the form, and choose the plan."""
    await page.pilot.press("n")
    await page.sees("New study", ">")
    for _ in range(9):
        if f"< {plan}" in page.words:
            return
        await page.pilot.press("right")
        await page.pilot.pause()
    raise AssertionError(page.words)


async def previewed(page: OpenedStudy, plan: str, *sentences: str) -> None:
    """Open the form, choose the plan, and wait until it is shown with these sentences."""
    await choose(page, plan)
    await page.pilot.press("enter")
    await page.sees(*sentences)


async def test_an_example_is_shown_with_its_time_and_started_in_the_order_that_was_shown(tmp_path: Path) -> None:
    async with opened(FakeRunner(None), tmp_path, Path()) as page:
        await previewed(
            page, "example lab", "Start the study lab?", "24 runs; 1 more to warm up is dropped.", "It takes about"
        )
        await page.sees("memory pre-copy: guest1; memory, 2 threads x 60 MiB, 30 MiB/s; pre-copy, at most 64 MiB/s")
        seed = page.words.partition("comes from the seed ")[2].partition(",")[0]
        assert f"seed = {seed} in the plan repeats it." in page.words
        await page.pilot.press("enter")
        await until(page.pilot, lambda: isinstance(page.app.screen, StudyPage))
        assert page.runner.calls == [("start", (example("lab"), int(seed)))]
        await page.sees("lab running")


async def test_what_keeps_a_study_from_starting_is_shown_with_its_plan(tmp_path: Path) -> None:
    runner = FakeRunner(None, obstacle=Failure("guest1 does not run", "it is shut off", f"{actions.BOOT} boots it."))
    async with opened(runner, tmp_path, Path()) as page:
        await previewed(
            page, "example lab", "Start the study lab?", "It can't start now. guest1 does not run: it is shut off."
        )
        await page.sees("memory pre-copy")
        assert page.runner.calls == []


async def test_a_runner_of_an_earlier_version_can_start_a_plan_that_it_cannot_check(tmp_path: Path) -> None:
    async with opened(FakeRunner(None, is_earlier=True), tmp_path, Path()) as page:
        await previewed(page, "example lab", f"{UNCHECKED} Nothing is started yet. The settings:")


async def test_escape_starts_nothing(tmp_path: Path) -> None:
    async with opened(FakeRunner(None), tmp_path, Path()) as page:
        await previewed(
            page,
            "example original",
            "Start the study original?",
            "how long a migration takes is known after the first ones",
        )
        await page.pilot.press("escape")
        await until(page.pilot, lambda: isinstance(page.app.screen, NewStudy))
        await page.pilot.press("escape")
        await until(page.pilot, lambda: isinstance(page.app.screen, StudyPage))
        assert page.runner.calls == []


async def test_the_files_of_the_usual_folders_come_first_and_earlier_plans_last(tmp_path: Path) -> None:
    write("mine.toml", example("lab"))
    write("config.toml", '[migration]\ntechnique = "pre-copy"')
    write("broken.toml", "x")
    studies = tmp_path / "studies"
    write_study(studies, "20261128T150000Z-lab", 18)
    write_study(studies, ID, 18)
    async with opened(FakeRunner(FINISHED, ended=18), studies, Path(), tmp_path) as page:
        await page.sees("The study lab is complete.")
        await page.pilot.press("n")
        examples = [f"example {name}" for name in EXAMPLES]
        for label in ("mine.toml", *examples, f"lab, as in study {ID}", "a file", "mine.toml"):
            await page.sees(f"< {label} >")
            await page.pilot.press("right")


async def test_a_path_can_be_typed(tmp_path: Path) -> None:
    write("sub/b.toml", f"seed = 9\n{example('lab')}")
    async with opened(FakeRunner(None), tmp_path) as page:
        await previewed(page, "a file", "The path of the plan is missing. Type one, or choose another plan.")
        await page.pilot.press("down")
        await type_in(page.pilot, *"sub/b.tom")
        await page.pilot.press("enter")
        await page.sees("sub/b.tom does not exist.")
        await page.pilot.press("l", "enter")
        await page.sees("Start the study lab?", "comes from the seed 9 of the plan.")


async def test_each_mistake_of_a_plan_is_a_line_and_nothing_can_be_started(tmp_path: Path) -> None:
    write("a.toml", 'name = "a"\nrepeats = 0\n[workload.idle]\n[migration.x]\ntechnique = "fast"')
    async with opened(FakeRunner(None), tmp_path, Path()) as page:
        await previewed(
            page, "a.toml", "The plan has mistakes:", "a.toml: repeats: 0 is not a whole number from 1 to 1000."
        )
        await page.sees('a.toml: [migration.x] technique: "fast" is not one of')
        assert isinstance(page.app.screen, NewStudy)
        await page.pilot.press("right")
        await until(page.pilot, lambda: "mistakes" not in page.words)


async def test_what_the_runner_refuses_is_shown_and_can_be_tried_again(tmp_path: Path) -> None:
    runner = FakeRunner(None)
    async with opened(runner, tmp_path) as page:
        await previewed(page, "example lab", "Start the study lab?")
        runner.failures = [Failure("The study cannot start", "guest1 is shut off", "Start it on the Launch page.")]
        await page.pilot.press("enter")
        await page.sees("Nothing was started. The study cannot start: guest1 is shut off. Start it on the Launch page.")
        assert isinstance(page.app.screen, StartStudy)
        await page.pilot.press("enter")
        await page.sees("lab running")
        assert [call for call, _value in runner.calls] == ["start", "start"]


async def requested(page: OpenedStudy) -> None:
    """Request a start to which no reply comes, and leave."""
    await previewed(page, "example lab", "Start the study lab?")
    page.runner.replying.clear()
    await page.pilot.press("enter")
    await page.sees("Starting: both hosts and the guest are checked ... Esc leaves, but does not take it back.")
    await page.pilot.press("escape")
    await until(page.pilot, lambda: isinstance(page.app.screen, StudyPage))
    await page.is_notified("The background process has not replied to the start yet. If the study begins, this page")


async def test_escape_leaves_a_start_without_a_reply_and_the_page_shows_the_study_if_it_begins(tmp_path: Path) -> None:
    async with opened(FakeRunner(None), tmp_path) as page:
        await requested(page)
        page.runner.replying.set()
        await page.sees("lab running")
        assert [call for call, _value in page.runner.calls] == ["start"]


async def test_a_start_that_is_refused_after_escape_is_a_sentence_on_the_page(tmp_path: Path) -> None:
    async with opened(FakeRunner(None), tmp_path) as page:
        await page.sees("No study has been made yet.")
        await requested(page)
        page.runner.refusal = Failure("The study cannot start", "guest1 is shut off")
        page.runner.replying.set()
        await page.is_notified("The study cannot start: guest1 is shut off.")
        await page.sees("No study has been made yet.")


async def test_an_enter_that_was_pressed_before_the_plan_was_shown_does_not_start_it(tmp_path: Path) -> None:
    runner = FakeRunner(None)
    async with opened(runner, tmp_path) as page:
        access = page.app.page._access  # type: ignore[attr-defined]
        page.app.push_screen(StartStudy(access, await access.preview(PlanSource("lab"))))
        page.app.post_message(events.Key("enter", None))
        await page.sees("Start the study lab?", "Nothing is started yet.")
        await page.pilot.pause()
        assert runner.calls == []
        await page.pilot.press("enter")
        await until(page.pilot, lambda: runner.calls != [])
