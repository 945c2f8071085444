"""The dialog with the further options of a migration."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.ui.migrate_screen import BY_HAND, OpenedPage, page_of
from tests.ui.one_page import until
from tests.ui.replay import ReplayedMigrations
from tui.core.plan import PRE_COPY, Plan
from tui.core.virsh_options import USUAL
from tui.core.vm import Daemon
from tui.migration.screens import options
from tui.migration.screens.options import GROUPS, OptionsForm
from tui.migration.screens.page import MigratePage

NEW = Daemon("qemu:///system", "host", "uuid", (12, 8, 0), (11, 1, 3), 2, "EPYC", 1 << 34, 1 << 33)
OLD = replace(NEW, libvirt_version=(8, 0, 0), hypervisor_version=(6, 2, 0))


def migrations_of(here: Daemon, there: Daemon) -> ReplayedMigrations:
    migrations = ReplayedMigrations()
    migrations.both = (here, there)
    return migrations


async def opened(page: OpenedPage) -> OptionsForm:
    await page.pilot.press("m")
    await page.sees("source -> destination")
    await page.pilot.press("o")
    await until(page.pilot, lambda: isinstance(page.app.screen, OptionsForm))
    form = page.app.screen
    assert isinstance(form, OptionsForm)
    return form


def typed(form: OptionsForm, name: str, text: str) -> None:
    field = form.query_one(f"#{name}", Input)
    field.focus()
    field.value = text


def gated(form: OptionsForm) -> set[str]:
    rows = [each for each in form.query(".gated") if each.children]
    return {str(each.children[-1].id) for each in rows}


def test_every_option_is_in_one_group() -> None:
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(USUAL)


async def test_the_options_are_part_of_the_plan_and_shown_in_the_form() -> None:
    migrations = migrations_of(NEW, NEW)
    async with page_of(migrations, Plan("guest1", PRE_COPY, parallel=2)) as page:
        form = await opened(page)
        typed(form, "comp_methods", "zstd")
        typed(form, "comp_zstd_level", "3")
        form.query_one("#undefinesource").focus()
        await page.pilot.press("right", "enter")
        await page.sees("comp-methods zstd, comp-zstd-level 3, no undefinesource")
        await page.pilot.press("enter")
        expected = Plan("guest1", PRE_COPY, parallel=2, comp_methods="zstd", comp_zstd_level=3, undefinesource=False)
        await until(page.pilot, lambda: migrations.started == [expected])


async def test_a_file_is_read_once_it_is_entered_and_kept_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    migrations = migrations_of(NEW, NEW)
    xml = tmp_path / "moved.xml"
    async with page_of(migrations, Plan("guest1", PRE_COPY)) as page:
        form = await opened(page)
        typed(form, "xml", xml.name)
        await page.pilot.press("enter")
        await page.sees("moved.xml cannot be used for --xml: No", "such file or directory.")
        xml.write_text("<domain><name>guest2</name></domain>")
        await page.pilot.press("enter")
        await page.sees("--xml is refused: it defines the VM", "'guest2', not 'guest1'.")
        text = "<domain><name>guest1</name><uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid></domain>"
        xml.write_text(text)
        await page.pilot.press("enter")
        await page.sees("with xml ")
        xml.unlink()
        await page.pilot.press("o")
        await until(page.pilot, lambda: isinstance(page.app.screen, OptionsForm))
        assert page.app.screen.query_one("#xml", Input).value.startswith("as read: ")
        await page.pilot.press("enter")
        await until(page.pilot, lambda: not isinstance(page.app.screen, OptionsForm))
        await page.pilot.press("enter")
        await until(page.pilot, lambda: migrations.started == [Plan("guest1", PRE_COPY, xml=text)])


async def test_a_disk_that_hangs_leaves_the_form_usable(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()
    monkeypatch.setattr(options, "read_option_file", lambda *_: str(answers.wait(60)))
    async with page_of(migrations_of(NEW, NEW), Plan("guest1", PRE_COPY)) as page:
        form = await opened(page)
        typed(form, "xml", "/nfs/moved.xml")
        await page.pilot.press("enter", "escape")
        await until(page.pilot, lambda: not isinstance(page.app.screen, OptionsForm))
        assert not answers.is_set()
        answers.set()


async def test_escape_leaves_the_options_as_they_were() -> None:
    migrations = migrations_of(NEW, NEW)
    async with page_of(migrations) as page:
        form = await opened(page)
        typed(form, "dname", "other")
        await page.pilot.press("escape", "enter")
        await until(page.pilot, lambda: migrations.started == [BY_HAND])


async def test_what_the_hosts_refuse_is_dim_with_its_reason() -> None:
    async with page_of(migrations_of(OLD, NEW), Plan("guest1", PRE_COPY, parallel=2)) as page:
        form = await opened(page)
        await until(page.pilot, lambda: "zerocopy" in gated(form))
        assert {"comp_zstd_level", "tls_destination", "available_switchover_bandwidth_mib_s"} <= gated(form)
        assert not {"tls", "dname", "suspend", "migrateuri"} & gated(form)
        form.query_one("#zerocopy").focus()
        await page.sees("--zerocopy is refused: libvirt has it since 8.5, the origin has 8.0.")
        form.query_one("#tls").focus()
        await page.sees("Encrypt the migration.")


async def test_what_libvirt_ignores_is_not_dim_and_says_so() -> None:
    async with page_of(migrations_of(NEW, NEW), Plan("guest1", PRE_COPY, disks_port=49200)) as page:
        form = await opened(page)
        await until(page.pilot, lambda: "zerocopy" in gated(form))
        assert "disks_port" not in gated(form)
        form.query_one("#disks_port").focus()
        await page.sees("--disks-port has no effect: no disk is copied.")


async def test_an_option_is_available_once_another_one_allows_it() -> None:
    async with page_of(migrations_of(NEW, NEW)) as page:
        form = await opened(page)
        await until(page.pilot, lambda: "tls_destination" in gated(form))
        form.query_one("#tls").focus()
        await page.pilot.press("right")
        await until(page.pilot, lambda: "tls_destination" not in gated(form))


async def test_a_refused_or_mistyped_option_does_not_close_the_dialog() -> None:
    async with page_of(migrations_of(NEW, NEW)) as page:
        form = await opened(page)
        typed(form, "comp_methods", "zstd")
        await page.pilot.press("enter")
        await page.sees("--comp-methods is refused: zstd compresses parallel connections, and there are none.")
        typed(form, "comp_methods", "")
        typed(form, "comp_zlib_level", "77")
        await page.pilot.press("enter")
        await page.sees('"77" is not a value of', "--comp-zlib-level. Expected: a whole", "number from 0 to 9.")
        assert page.app.screen is form


async def test_without_an_answer_of_a_host_nothing_is_refused_beforehand() -> None:
    async with page_of(ReplayedMigrations()) as page:
        form = await opened(page)
        await page.sees("A host does not answer, so it is not known what the versions there refuse.")
        assert gated(form) == set()


async def test_the_way_back_does_not_repeat_what_holds_for_one_direction() -> None:
    migrations = migrations_of(NEW, NEW)
    one_way = Plan("guest1", PRE_COPY, dname="moved", suspend=True, migrateuri="rdma://10.0.0.2", rdma_pin_all=True)
    plan = replace(one_way, abort_on_error=True, copy_storage_all=True, disks_port=49200, xml="<domain/>")
    async with page_of(migrations, plan) as page:
        await page.pilot.press("m", "enter")
        await until(page.pilot, lambda: migrations.started == [plan])
        shown = page.app.page
        assert isinstance(shown, MigratePage)
        assert shown._next_plan() == Plan("moved", PRE_COPY, abort_on_error=True, copy_storage_all=True)


async def test_hosts_that_answer_once_the_migration_is_being_started_open_no_options() -> None:
    migrations = migrations_of(NEW, NEW)
    async with page_of(migrations) as page:
        await page.pilot.press("m")
        await page.sees("source -> destination")
        migrations.answering.clear()
        await page.pilot.press("o", "enter")
        await until(page.pilot, lambda: migrations.checked)
        opening = [each for each in page.app.workers if each.name == "options"]
        assert opening
        migrations.answering.set()
        await until(page.pilot, lambda: migrations.started)
        await page.pilot.pause()
        assert page.app.screen is page.app.page


async def test_o_while_the_migration_is_being_started_does_not_break_the_start_off() -> None:
    migrations = migrations_of(NEW, NEW)
    async with page_of(migrations) as page:
        await page.pilot.press("m")
        await page.sees("source -> destination")
        migrations.answering.clear()
        await page.pilot.press("enter")
        await until(page.pilot, lambda: migrations.checked)
        await page.pilot.press("o")
        migrations.answering.set()
        await until(page.pilot, lambda: page.app.screen is page.app.page)
        assert migrations.started == [BY_HAND]
