"""What is in sight on every page, and the keys of every page: habits, the clipboard, `--read-only`."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.fake_hosts import FakeHosts
from tests.ui.app_screen import in_a_pass, opened, sees, words
from tests.ui.one_page import text_of, until
from tui.core.actions import BOOT
from tui.migration.model.timeline import POST_COPY
from tui.migration.screens.page import MigratePage
from tui.ui import page


@pytest.fixture
def world(tmp_path: Path) -> FakeHosts:
    hosts = FakeHosts()
    hosts.runs_in(tmp_path)
    return hosts


async def test_the_end_of_a_migration_is_shown_on_other_pages_too(world: FakeHosts) -> None:
    migrations = in_a_pass()
    async with opened(world, migrations) as (app, pilot):
        await sees(app, pilot, "[4 Migrate]", "[pass 2]")
        await pilot.press("1")
        await sees(app, pilot, "[1 Hosts]")
        assert migrations.running is not None
        migrations.running.play(lambda timeline: timeline.over)
        await sees(app, pilot, "guest1 -> source", "Completed by post-copy in 17.7 s, downtime 10 ms by")


async def test_what_runs_is_in_the_first_line_of_every_page(world: FakeHosts) -> None:
    migrations = in_a_pass()
    async with opened(world, migrations) as (app, pilot):
        for page in "124":
            await pilot.press(page)
            await until(pilot, lambda: text_of(app).startswith(" guest1 -> source pass 2  "))
        assert migrations.running is not None
        migrations.running.play(lambda timeline: timeline.over)
        await until(pilot, lambda: text_of(app).startswith(" vmlm-tui  source "))


async def test_the_first_line_leaves_the_host_out_where_it_does_not_fit(world: FakeHosts) -> None:
    async with opened(world, in_a_pass()) as (app, pilot):
        await pilot.resize_terminal(70, 24)
        await until(pilot, lambda: text_of(app).startswith(" guest1 pass 2  "))


async def test_the_terminal_has_what_runs_in_its_title_and_is_told_the_end(
    world: FakeHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("TMUX", raising=False)
    migrations = in_a_pass()
    sent: list[str] = []
    async with opened(world, migrations) as (app, pilot):
        assert app._driver is not None
        monkeypatch.setattr(app._driver, "write", sent.append)
        await sees(app, pilot, "[4 Migrate]")
        assert migrations.running is not None
        migrations.running.play(lambda timeline: timeline.phase == POST_COPY)
        await until(pilot, lambda: "\x1b]2;guest1 -> source post-copy 0 % - source\x07" in sent)
        migrations.running.play(lambda timeline: timeline.over)
        words = "Completed by post-copy in 17.7 s, downtime 10 ms by libvirt"
        await until(pilot, lambda: f"\x1b]9;guest1: {words}\x07" in sent)
        await until(pilot, lambda: "\x1b]2;vmlm-tui - source\x07" in sent)
    assert "\x1b]2;\x07\x1b[23;2t" in sent  # the title of before


async def test_the_runs_of_a_study_end_in_silence(world: FakeHosts) -> None:
    migrations = in_a_pass()
    async with opened(world, migrations) as (app, pilot):
        await sees(app, pilot, "[4 Migrate]")
        await pilot.press("1")
        assert migrations.running is not None
        migrations.running.timeline.options = {"tables": {"study": {"name": "lab"}}}
        migrations.running.play(lambda timeline: timeline.over)
        await until(pilot, lambda: text_of(app).startswith(" vmlm-tui  source "))
        assert not app.screen.query("Toast")


# -- habits --


async def test_a_key_that_does_nothing_says_so_once_for_a_word(
    world: FakeHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "UNKNOWN_AGAIN_S", 1e6)  # a slow machine types a word slowly
    async with opened(world) as (app, pilot):
        await pilot.press("4", "j", "H", "J", "K")
        await sees(app, pilot, 'The key "H" does nothing here; ? lists the keys.')
        assert "does nothing here" in words(app)
        assert 'The key "J"' not in words(app)


async def test_answers_to_keys_do_not_pile_up_and_stay_on_their_page(world: FakeHosts) -> None:
    async with opened(world) as (app, pilot):
        await pilot.press("5")
        await sees(app, pilot, "[5 Runs]", "Nothing has been recorded")
        for key in "Doe":
            await pilot.press(key)
            await sees(app, pilot, "There is no run here.")
        await until(pilot, lambda: len(app.screen.query("Toast")) == 1)
        await pilot.press("6", "x")
        await sees(app, pilot, "There is no study yet.")
        assert "There is no run here." not in words(app)
        assert len(app.screen.query("Toast")) == 1


async def test_a_key_of_the_configuration_acts_and_is_in_the_sentences(world: FakeHosts) -> None:
    keys = {"study.new": "b", "study.stop": "n", "no.such": "x", "launch.up": "j", "launch.boot": "K"}
    world.config = replace(world.config, keys=keys)
    async with opened(world) as (app, pilot):
        await until(pilot, lambda: any("[keys] no.such" in each.message for each in app._notifications))
        app.clear_notifications()
        await pilot.press("6")
        await sees(app, pilot, "[6 Study]", "b start one", "b new study n stop it")
        await pilot.press("n")
        await sees(app, pilot, "There is no study yet.")
        await pilot.press("b")
        await until(pilot, lambda: app.screen.is_modal)


async def test_a_changed_key_is_in_the_sentences_of_launch(world: FakeHosts) -> None:
    world.config = replace(world.config, keys={"launch.boot": "B", "launch.workload": "E"})
    async with opened(world) as (app, pilot):
        await pilot.press("3")
        await sees(app, pilot, "[3 Launch]", "> guest1", "B start")
        await pilot.press("W")
        await until(
            pilot, lambda: any(note.message.endswith("does not run; B starts it.") for note in app._notifications)
        )


async def test_a_sentence_has_no_key_of_another_page(world: FakeHosts) -> None:
    world.config = replace(world.config, keys={"launch.boot": "B"})
    async with opened(world) as (app, pilot):
        await pilot.press("4")
        await sees(app, pilot, "[4 Migrate]")
        assert isinstance(app.screen, MigratePage)
        assert app.screen.with_keys(f"{BOOT} starts it.") == "The Launch page starts it."


# -- the clipboard --


async def test_y_copies_what_is_chosen_to_the_clipboard_of_the_terminal(world: FakeHosts) -> None:
    async with opened(world) as (app, pilot):
        await pilot.press("3")
        await sees(app, pilot, "[3 Launch]", "> guest1")
        await pilot.press("y")
        await sees(app, pilot, "Copied: guest1.")
        assert app.clipboard == "guest1"
        await pilot.press("1")
        await sees(app, pilot, "[1 Hosts]", "> x FAILED it resolves the names of the other hosts")
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard.startswith("source x FAILED it resolves the names of the other hosts"))
        await pilot.press("5")
        await sees(app, pilot, "[5 Runs]", "Nothing has been recorded")
        await pilot.press("y")
        await sees(app, pilot, "There is no run here.")


# -- read only --


@pytest.mark.parametrize(
    ("page", "keys"),
    [("1", "a"), ("2", "f"), ("3", "sxXnDwWat"), ("4", "mpcdbPt"), ("5", "NtxD"), ("6", "nxr")],
)
async def test_no_key_of_a_page_changes_anything_in_an_app_that_only_reads(
    world: FakeHosts, page: str, keys: str
) -> None:
    migrations = in_a_pass()
    async with opened(world, migrations, read_only=True) as (app, pilot):
        await sees(app, pilot, "[4 Migrate]", "[pass 2]")
        await pilot.press(page)
        await until(pilot, lambda: f"[{page} " in text_of(app))
        shown = app.screen
        for key in keys:
            app.clear_notifications()
            await pilot.press(key)
            await until(pilot, lambda: any("--read-only" in each.message for each in app._notifications))
            assert app.screen is shown
        assert migrations.running is not None
        assert migrations.running.controls.calls == []


async def test_an_app_that_only_reads_quits_without_a_question(world: FakeHosts) -> None:
    async with opened(world, in_a_pass(), read_only=True) as (app, pilot):
        await sees(app, pilot, "[4 Migrate]", "[pass 2]")
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running or app._exit)
