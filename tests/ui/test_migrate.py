"""The Migrate page as a person sees it, with recordings of real migrations."""

from tests.ui.migrate_screen import page_of
from tests.ui.replay import ReplayedMigration, ReplayedMigrations, guest
from tui.core.failure import Failure
from tui.migration.backend.migrations import Migration, Migrations
from tui.vm.model.location import VmOnHost


def test_the_replay_offers_what_the_backend_does() -> None:
    for real, played in ((Migration, ReplayedMigration), (Migrations, ReplayedMigrations)):
        wanted = {name for name in dir(played) if not name.startswith("_")} - {"play", "step", "give"}
        assert wanted <= {name for name in dir(real) if not name.startswith("_")}


async def test_the_idle_page_shows_the_vms_and_how_to_start() -> None:
    async with page_of(ReplayedMigrations()) as page:
        await page.sees("Nothing is migrating.", "guest1 running on source, 2 vCPUs, 1.0 GiB")
        await page.sees("m start a migration", "post-copy by hand, no bandwidth limit, at most 300 ms downtime")


async def test_the_idle_page_shows_that_there_is_no_vm() -> None:
    async with page_of(ReplayedMigrations(found=())) as page:
        await page.sees("No VM was found. The Launch page starts one.")


async def test_the_idle_page_shows_which_host_is_unreachable() -> None:
    migrations = ReplayedMigrations()
    migrations.unreachable["destination"] = Failure("destination cannot be reached", "no route to host")
    async with page_of(migrations) as page:
        await page.sees("destination cannot be reached: no route to host.")


async def test_the_idle_page_waits_for_the_hosts_replies() -> None:
    migrations = ReplayedMigrations()
    migrations.answering.clear()
    async with page_of(migrations) as page:
        await page.sees("Reading the VMs of both hosts")
        migrations.answering.set()
        await page.sees("guest1 running on source")


async def test_a_name_that_looks_like_markup_is_shown_as_it_is() -> None:
    migrations = ReplayedMigrations(found=(VmOnHost(guest(name="[red]x[/]"), "source"),))
    async with page_of(migrations) as page:
        await page.sees("[red]x[/] running on source")
        await page.pilot.press("m")
        await page.sees("VM [red]x[/]")
