"""The fields of the technique "automatic" in the form that starts a migration."""

from dataclasses import replace

import pytest
from textual.widgets import Input

from tests.ui.migrate_screen import OpenedPage, page_of
from tests.ui.one_page import at_once, until
from tests.ui.replay import ReplayedMigrations
from tests.unit.forecast.fake_forecaster import FakeForecaster, measured
from tui.core.plan import AUTOMATIC, NOT_ALLOWED, POST_COPY_MANUAL, POST_COPY_TIMEOUT, PRE_COPY, Plan
from tui.forecast.model.policy import POLICIES
from tui.forecast.model.policy_words import POLICY_WORDS
from tui.ui.choice import Choice

PLAN = Plan("guest1", AUTOMATIC)
SIZES = [(80, 24), (120, 40)]


async def opened(page: OpenedPage) -> None:
    await page.pilot.press("m")
    await page.sees("Start a migration", "source -> destination")


async def starts(page: OpenedPage, plan: Plan) -> None:
    await page.pilot.press("enter")
    await until(page.pilot, lambda: bool(page.migrations.started))
    assert page.migrations.started == [plan]


async def test_the_policy_is_ours_unless_another_one_is_chosen() -> None:
    async with page_of(ReplayedMigrations(), PLAN) as page:
        await opened(page)
        await page.sees("policy < forecast > of vmlm-tui", "Post-copy as soon as pre-copy proves not to end.")
        await starts(page, PLAN)


async def test_a_chosen_policy_is_explained_and_reaches_the_plan() -> None:
    async with page_of(ReplayedMigrations(), PLAN) as page:
        await opened(page)
        await page.pilot.press("down", "down", "right")
        await page.sees("< virsh-first-pass > libvirt: virsh-domain.c", "Post-copy when the first pass has ended.")
        await starts(page, replace(PLAN, policy="virsh-first-pass"))


@pytest.mark.parametrize("technique", [PRE_COPY, POST_COPY_TIMEOUT])
async def test_other_techniques_have_no_policy(technique: str) -> None:
    async with page_of(ReplayedMigrations(), replace(PLAN, technique=technique, shadow=True)) as page:
        await opened(page)
        assert "policy" not in page.words
        assert "automatic may" not in page.words
        assert ("timeout 25" in page.words) == (technique == POST_COPY_TIMEOUT)
        await starts(page, replace(PLAN, technique=technique, shadow=True))


async def test_a_policy_that_sets_the_downtime_itself_is_named_at_the_downtime() -> None:
    async with page_of(ReplayedMigrations(), replace(PLAN, policy="proxmox")) as page:
        await opened(page)
        await page.sees("maximum downtime 300 ms until the policy sets another")


async def test_shadow_only_records() -> None:
    async with page_of(ReplayedMigrations(), PLAN) as page:
        await opened(page)
        await page.pilot.press("down", "down", "down", "left")
        await page.sees("automatic may < only record what it would do (shadow) >")
        await starts(page, replace(PLAN, shadow=True))


async def test_without_post_copy_the_vm_is_slowed_down_and_the_forecast_says_so() -> None:
    async with page_of(ReplayedMigrations(), PLAN, forecaster=(forecaster := FakeForecaster())) as page:
        await opened(page)
        forecaster.give(measured())
        await page.sees("* post-copy at once", "auto-converge < no >")
        await page.pilot.press("down", "down", "down", "right")
        await page.sees("* auto-converge", "auto-converge yes", "Post-copy is not allowed")
        assert "Auto-converge slows the VM down until pre-copy ends." in page.words
        assert "* post-copy at once" not in page.words
        await starts(page, replace(PLAN, auto_converge=True, post_copy_refused=NOT_ALLOWED))


async def test_auto_converge_is_as_before_once_post_copy_is_allowed_again() -> None:
    async with page_of(ReplayedMigrations(), PLAN) as page:
        await opened(page)
        await page.pilot.press("down", "down", "down", "right", "left")
        await page.sees("automatic may < use post-copy >", "auto-converge < no >")
        await starts(page, PLAN)


async def test_what_an_earlier_host_refused_is_not_a_choice_of_the_user() -> None:
    async with page_of(ReplayedMigrations(), replace(PLAN, post_copy_refused="userfaultfd is missing")) as page:
        await opened(page)
        await starts(page, PLAN)


async def test_what_the_user_did_not_allow_is_proposed_again() -> None:
    plan = replace(PLAN, auto_converge=True, post_copy_refused=NOT_ALLOWED)
    async with page_of(ReplayedMigrations(), plan) as page:
        await opened(page)
        await page.sees("automatic may < slow the VM down, not use post-copy >")
        await starts(page, plan)


async def test_the_longest_total_time_reaches_the_plan() -> None:
    async with page_of(ReplayedMigrations(), PLAN) as page:
        await opened(page)
        await page.sees("longest total 0 s, then post-copy; 0 means no limit")
        await page.pilot.press("down", "down", "down", "down", *"2", "space", *"min")
        await starts(page, replace(PLAN, total_s=120.0))


async def test_a_longest_total_time_that_cannot_be_read_is_refused() -> None:
    async with page_of(ReplayedMigrations(), PLAN) as page:
        await opened(page)
        await page.pilot.press("down", "down", "down", "down", *"later", "enter")
        await page.sees('"later" is not a longest total time.')
        assert page.migrations.started == []


async def test_without_post_copy_no_longest_total_time_can_be_kept() -> None:
    async with page_of(ReplayedMigrations(), replace(PLAN, total_s=60.0)) as page:
        await opened(page)
        await page.pilot.press("down", "down", "down", "right")
        await page.sees("longest total 60 s; needs post-copy")
        assert page.app.screen.query_one("#total", Input).disabled
        await starts(page, replace(PLAN, auto_converge=True, post_copy_refused=NOT_ALLOWED))


async def test_the_fields_of_automatic_can_be_entered_at_once_with_the_technique() -> None:
    async with page_of(ReplayedMigrations(), replace(PLAN, technique=POST_COPY_MANUAL)) as page:
        await opened(page)
        at_once(page.app, "down", "right", "down", "right", "down", "down", "9", "up", "right", "right", "enter")
        await until(page.pilot, lambda: bool(page.migrations.started))
        assert page.migrations.started == [replace(PLAN, policy="virsh-first-pass", total_s=9.0, shadow=True)]


@pytest.mark.parametrize("size", SIZES)
async def test_every_policy_fits_its_lines(size: tuple[int, int]) -> None:
    async with page_of(ReplayedMigrations(), PLAN, size, forecaster=FakeForecaster()) as page:
        await opened(page)
        await page.pilot.press("down", "down")
        for name in POLICIES:
            words = POLICY_WORDS[name]
            await page.sees(f"< {name} > {words.source}", words.does)
            assert page.app.screen.query_one("#policy", Choice).region.width >= len(f"< {name} >")
            await page.pilot.press("right")
