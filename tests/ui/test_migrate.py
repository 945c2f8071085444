"""The Migrate page as a person sees it, with recordings of real migrations."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from textual.content import Content
from textual.pilot import Pilot
from textual.widgets import Input, Static

from tests.ui.one_page import OnePage, at_once, text_of, until
from tests.ui.replay import ReplayedMigration, ReplayedMigrations, Until, guest, recording
from tests.unit.fakes import Stage, connections
from tui.core.failure import Failure
from tui.core.plan import POST_COPY_MANUAL, POST_COPY_TIMEOUT, PRE_COPY, TECHNIQUES, Plan
from tui.core.protocols import JOB_COMPLETED
from tui.guest.model.workload import Workload
from tui.migration.backend.migration import Migration
from tui.migration.backend.migrations import Migrations
from tui.migration.model import record
from tui.migration.model.record import Event
from tui.migration.model.timeline import PASS, POST_COPY, Timeline
from tui.migration.screens import view as migrate_view
from tui.migration.screens.page import MigratePage
from tui.migration.widgets.charts import guest_picture, rate_picture
from tui.migration.widgets.sentence import Sentence
from tui.ui.chart.chart import Chart
from tui.vm.model.location import VmOnHost

BY_HAND = Plan("guest1", POST_COPY_MANUAL)
SIZES = [(80, 24), (120, 40)]


@dataclass
class LabBackend:
    """The page, its text and its keys."""

    app: OnePage
    pilot: Pilot[Any]
    migrations: ReplayedMigrations

    @property
    def text(self) -> str:
        return text_of(self.app)

    @property
    def words(self) -> str:
        """The text without its frames and line ends."""
        return " ".join(self.text.replace("│", " ").split())

    @property
    def keys(self) -> str:
        return self.text.splitlines()[-1]

    @property
    def migration(self) -> ReplayedMigration:
        assert self.migrations.current is not None
        return self.migrations.current

    async def sees(self, *sentences: str) -> None:
        await until(self.pilot, lambda: all(sentence in self.words for sentence in sentences))

    @property
    def note(self) -> str:
        """The text of the notifications on the screen."""
        lines = self.text.splitlines()
        parts = [
            line[toast.region.x : toast.region.right].strip(" │▌")
            for toast in self.app.screen.query("Toast")
            for line in lines[toast.region.y : toast.region.bottom]
        ]
        return " ".join(" ".join(parts).split())

    async def is_notified(self, sentence: str) -> None:
        await until(self.pilot, lambda: sentence in self.note)

    async def play(self, until_: Until = lambda timeline: timeline.over) -> None:
        self.migration.play(until_)
        await self.settle()

    async def settle(self) -> None:
        """Wait until the page shows all records."""
        current = self.migrations.current
        if current is not None:
            rates = self.app.page.query_one("#rates", Chart)
            await until(self.pilot, lambda: rates.picture == rate_picture(current.timeline))
            guest = self.app.page.query_one("#guest", Chart)
            observed = current.timeline.guest_known
            await until(self.pilot, lambda: not observed or guest.picture == guest_picture(current.timeline))
        await self.pilot.pause()


@asynccontextmanager
async def page_of(
    migrations: ReplayedMigrations, plan: Plan = BY_HAND, size: tuple[int, int] = (80, 24), *, light: bool = False
) -> AsyncIterator[LabBackend]:
    app = OnePage(MigratePage(migrations, plan), light=light)  # type: ignore[arg-type]
    async with app.run_test(size=size, notifications=True) as pilot:
        lab_backend = LabBackend(app, pilot, migrations)
        await lab_backend.settle()
        yield lab_backend


def running(name: str = "post-copy-by-hand", until_: Until | None = None) -> ReplayedMigrations:
    """Two hosts with a recorded migration under way."""
    migrations = ReplayedMigrations(recording(name))
    migrations.current = ReplayedMigration(recording(name))
    if until_ is not None:
        migrations.current.play(until_)
    return migrations


def at(seconds: float) -> Until:
    return lambda timeline: timeline.now >= seconds


def in_post_copy(timeline: Timeline) -> bool:
    return timeline.phase == POST_COPY and timeline.now > 16


def over(timeline: Timeline) -> bool:
    return timeline.over


def test_the_replay_offers_what_the_backend_does() -> None:
    for real, played in ((Migration, ReplayedMigration), (Migrations, ReplayedMigrations)):
        wanted = {name for name in dir(played) if not name.startswith("_")} - {"play", "step", "give"}
        assert wanted <= {name for name in dir(real) if not name.startswith("_")}


# -- nothing migrates --


async def test_the_idle_page_shows_the_vms_and_how_to_start() -> None:
    async with page_of(ReplayedMigrations()) as lab_backend:
        await lab_backend.sees("Nothing is migrating.", "guest1 running on source, 2 vCPUs, 1.0 GiB")
        await lab_backend.sees("m start a migration", "post-copy by hand, no bandwidth limit, at most 300 ms downtime")


async def test_the_idle_page_shows_that_there_is_no_vm() -> None:
    async with page_of(ReplayedMigrations(found=())) as lab_backend:
        await lab_backend.sees("No VM was found. The Launch page starts one.")


async def test_the_idle_page_shows_which_host_is_unreachable() -> None:
    migrations = ReplayedMigrations()
    migrations.unreachable["destination"] = Failure("destination cannot be reached", "no route to host")
    async with page_of(migrations) as lab_backend:
        await lab_backend.sees("destination cannot be reached: no route to host.")


async def test_the_idle_page_waits_for_the_hosts_replies() -> None:
    migrations = ReplayedMigrations()
    migrations.answering.clear()
    async with page_of(migrations) as lab_backend:
        await lab_backend.sees("Reading the VMs of both hosts")
        migrations.answering.set()
        await lab_backend.sees("guest1 running on source")


async def test_a_name_that_looks_like_markup_is_shown_as_it_is() -> None:
    migrations = ReplayedMigrations(found=(VmOnHost(guest(name="[red]x[/]"), "source"),))
    async with page_of(migrations) as lab_backend:
        await lab_backend.sees("[red]x[/] running on source")
        await lab_backend.pilot.press("m")
        await lab_backend.sees("VM [red]x[/]")


# -- the form --


async def test_m_and_enter_start_with_the_configured_defaults() -> None:
    plan = Plan("guest1", POST_COPY_TIMEOUT, 12.5, 100, 450, True, 0)
    async with page_of(ReplayedMigrations(), plan) as lab_backend:
        await lab_backend.pilot.press("m", "enter")
        await until(lab_backend.pilot, lambda: lab_backend.migrations.started == [plan])
        await lab_backend.sees("[setup]", "Setting up: destination connects to source")


async def test_enter_before_the_hosts_have_replied_starts_once_they_have() -> None:
    migrations = ReplayedMigrations()
    migrations.answering.clear()
    async with page_of(migrations) as lab_backend:
        await lab_backend.pilot.press("m", "enter")
        assert migrations.started == []
        migrations.answering.set()
        await until(lab_backend.pilot, lambda: migrations.started == [BY_HAND])


async def test_enter_reads_each_host_once(tmp_path: Path) -> None:
    async def idle(_vm: str) -> Workload:
        return Workload("idle")

    stage = Stage(recording("post-copy-by-hand"))
    migrations = Migrations(connections(stage), stage.open, tmp_path, 0.005, idle)
    app = OnePage(MigratePage(migrations, BY_HAND))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "guest1  running on destination" in text_of(app))
        await pilot.press("m")
        await until(pilot, lambda: "destination -> source" in text_of(app))
        await app.workers.wait_for_complete([each for each in app.workers if each.name in ("attach", "vms")])
        stage.calls.clear()
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.page and migrations.current is not None)
        await migrations.close()
    stage.let_go()
    assert stage.calls.count("vms") == 2


async def test_failed_checks_are_listed_and_nothing_starts() -> None:
    migrations = ReplayedMigrations()
    migrations.failures = [
        Failure("guest1 cannot be migrated live", "it is shut off on source", "Start it on the Launch page."),
        Failure("The destination cannot be reached", "no route to host", "Is it switched on?"),
    ]
    async with page_of(migrations) as lab_backend:
        await lab_backend.pilot.press("m", "enter")
        await lab_backend.sees(
            "Nothing was started:",
            "guest1 cannot be migrated live: it is shut off on source. Start it on the Launch page.",
            "The destination cannot be reached: no route to host. Is it switched on?",
        )
        assert migrations.started == []
        migrations.failures = []
        await lab_backend.pilot.press("enter")
        await until(lab_backend.pilot, lambda: migrations.started == [BY_HAND])


async def test_the_direction_follows_from_where_the_vm_runs() -> None:
    found = (VmOnHost(guest("shut off", "other"), "source"), VmOnHost(guest(), "destination"))
    async with page_of(ReplayedMigrations(found=found)) as lab_backend:
        await lab_backend.pilot.press("m")
        await lab_backend.sees("< guest1 >", "destination -> source running")
        await lab_backend.pilot.press("right")
        await lab_backend.sees("< other >", "source -> destination shut off")


async def test_every_field_of_the_form_reaches_the_plan() -> None:
    async with page_of(ReplayedMigrations(), Plan("guest1", PRE_COPY)) as lab_backend:
        await lab_backend.pilot.press("m", "down", "right")
        await lab_backend.sees("< post-copy after a timeout >")
        await lab_backend.pilot.press(
            "down", "1", "0", "down", "5", "0", "down", "9", "0", "0", "down", "right", "down", "4"
        )
        await lab_backend.pilot.press("enter")
        wanted = Plan("guest1", POST_COPY_TIMEOUT, 10.0, 50, 900, True, 4)
        await until(lab_backend.pilot, lambda: lab_backend.migrations.started == [wanted])


async def test_a_field_may_be_written_with_its_unit() -> None:
    async with page_of(ReplayedMigrations()) as lab_backend:
        await lab_backend.pilot.press("m")
        await lab_backend.sees("Start a migration")
        for name, text in (("bandwidth", "1 GiB/s"), ("downtime", "1.5 s")):
            lab_backend.app.screen.query_one(f"#{name}", Input).value = text
        await lab_backend.pilot.press("enter")
        wanted = Plan("guest1", POST_COPY_MANUAL, bandwidth_mib_s=1024, downtime_ms=1500)
        await until(lab_backend.pilot, lambda: lab_backend.migrations.started == [wanted])


@pytest.mark.parametrize("field", ["bandwidth", "downtime", "parallel"])
async def test_a_field_that_is_no_number_is_named_and_nothing_starts(field: str) -> None:
    async with page_of(ReplayedMigrations()) as lab_backend:
        await lab_backend.pilot.press("m")
        await lab_backend.sees("Start a migration")
        lab_backend.app.screen.query_one(f"#{field}", Input).value = "many"
        await lab_backend.pilot.press("enter")
        await lab_backend.sees('"many" is not', "Expected:")
        assert lab_backend.app.screen.focused is lab_backend.app.screen.query_one(f"#{field}")
        assert lab_backend.migrations.checked == []


async def test_the_form_fits_its_keys_and_fields_on_80x24() -> None:
    async with page_of(ReplayedMigrations()) as lab_backend:
        await lab_backend.pilot.press("m")
        await lab_backend.sees(
            "VM", "technique", "timeout", "bandwidth", "maximum downtime", "auto-converge", "parallel"
        )
        assert "enter start" in lab_backend.keys
        assert "esc back" in lab_backend.keys


async def test_the_form_keeps_its_layout_while_techniques_are_chosen() -> None:
    async with page_of(ReplayedMigrations()) as lab_backend:
        await lab_backend.pilot.press("m", "down")
        places = set()
        for _ in TECHNIQUES:
            await lab_backend.pilot.press("left")
            await lab_backend.pilot.pause()
            places.add(lab_backend.app.screen.query_one("#explained").region)
        assert len(places) == 1


async def test_esc_closes_the_form_without_a_start() -> None:
    async with page_of(ReplayedMigrations()) as lab_backend:
        await lab_backend.pilot.press("m", "escape")
        await lab_backend.sees("Nothing is migrating.")
        assert lab_backend.migrations.checked == []


# -- under way --


async def test_the_first_pass_is_shown_as_a_share_of_memory() -> None:
    async with page_of(running(until_=at(3))) as lab_backend:
        await lab_backend.sees("guest1 destination -> source post-copy by hand workload memory")
        await lab_backend.sees("[pass 1]", "First pass: 20 % of 1.0 GiB sent", "dirty - (known after pass 1)")


async def test_a_migration_that_does_not_converge_is_shown_with_the_key_that_finishes_it() -> None:
    async with page_of(running(until_=at(13))) as lab_backend:
        await lab_backend.sees(
            "[pass 5]", "Not converging: each pass leaves 299 MiB, must be below 34 MiB. p finishes it."
        )
        await lab_backend.sees("remaining 207 MiB", "sent 1.3 GiB", "rate 113 MiB/s", "dirty 109 MiB/s (0.8 s old)")
        await lab_backend.sees("downtime <= 300 ms, expects 2.6 s", "00:13 elapsed")


async def test_the_sentence_is_as_wide_as_the_page_from_its_first_frame_on(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    show = Sentence.show

    def shown(sentence: Sentence, *contents: Content) -> None:
        show(sentence, *contents)
        said.append(sentence.text)

    monkeypatch.setattr(Sentence, "show", shown)
    async with page_of(ReplayedMigrations()) as lab_backend:  # the hidden sentence has no width
        lab_backend.migrations.current = ReplayedMigration(recording("post-copy-by-hand"))
        lab_backend.migrations.current.play(at(13))
        await lab_backend.sees("[pass 5]")
    assert set(said) == {" Not converging: each pass leaves 299 MiB, must be below 34 MiB. p finishes it."}


async def test_the_charts_show_the_whole_run() -> None:
    async with page_of(running(until_=at(13))) as lab_backend:
        await lab_backend.sees("memory, GiB", "must be below 34 MiB", "1.3 GiB sent", "rate, MiB/s")
        await lab_backend.sees("sending 113 MiB/s dirtying 109 MiB/s")
        picture = lab_backend.app.page.query_one("#memory", Chart).picture
        assert [sign.mark for sign in picture.signs] == ["|"] * 4
        assert picture.series[0].xs[0] < 2
        assert picture.last_x > 12


async def test_the_sent_memory_is_scaled_down_if_it_would_flatten_the_remaining_memory() -> None:
    migrations = running(until_=at(13))
    async with page_of(migrations) as lab_backend:
        last = lab_backend.migration.timeline.last
        assert last is not None
        stats = dict(last.stats) | {"memory_processed": 7 * int(last.stats["memory_total"])}
        lab_backend.migration.give(record.Sample(14.0, last.at, stats, last.state))
        await lab_backend.sees("sent / 10", "7.0 GiB sent")


async def test_new_records_reach_the_page() -> None:
    async with page_of(running(until_=at(3))) as lab_backend:
        await lab_backend.sees("[pass 1]")
        await lab_backend.play(at(9.8))
        await lab_backend.sees("[pass 4]")
        await lab_backend.play(in_post_copy)
        await lab_backend.sees("[post-copy]", "the VM runs on source")
        await lab_backend.sees("post-copy faults 625")
        last = lab_backend.migration.timeline.last
        assert last is not None
        faults = dict(last.stats) | {"memory_postcopy_requests": 1234567}
        lab_backend.migration.give(record.Sample(last.t + 1, last.at, faults, last.state))
        await lab_backend.sees("post-copy faults 1234567")


async def test_a_daemon_that_does_not_reply_is_shown_beside_the_figures() -> None:
    async with page_of(running(until_=at(13))) as lab_backend:
        lab_backend.migration.late = 3.2
        await lab_backend.sees("no reply from libvirt for 3.2 s. Not converging")
        lab_backend.migration.late = 0.0
        await until(lab_backend.pilot, lambda: "no answer" not in lab_backend.words)


async def test_a_migration_found_running_is_followed_without_a_key() -> None:
    async with page_of(ReplayedMigrations()) as lab_backend:
        await lab_backend.sees("Nothing is migrating.")
        lab_backend.migrations.current = ReplayedMigration(recording("post-copy-by-hand"))
        lab_backend.migrations.current.play(at(13))
        await lab_backend.sees("[pass 5]")


async def test_the_curves_break_at_gaps_of_the_record() -> None:
    async with page_of(running("reattached", over)) as lab_backend:
        await lab_backend.sees("s gap")
        gap = next(each for each in recording("reattached") if isinstance(each, Event) and each.kind == record.GAP)
        for chart in lab_backend.app.page.query(Chart):
            for series in chart.picture.series:
                assert series.ys[series.xs.index(gap.t)] is None


async def test_a_lost_connection_in_post_copy_is_shown() -> None:
    async with page_of(running("link-cut", at(50))) as lab_backend:
        await lab_backend.sees(
            "Post-copy has lost its connection", "Nothing is lost; it continues when the network is back."
        )


# -- keys --


async def test_p_switches_at_once_without_a_question() -> None:
    async with page_of(running(until_=at(13))) as lab_backend:
        await lab_backend.pilot.press("p")
        assert lab_backend.migration.calls == [("post-copy", None)]


@pytest.mark.parametrize(("answer", "calls"), [("y", [("cancel", None)]), ("n", []), ("escape", [])])
async def test_c_asks_before_it_cancels(answer: str, calls: list[Any]) -> None:
    async with page_of(running(until_=at(13))) as lab_backend:
        await lab_backend.pilot.press("c")
        await lab_backend.sees("Cancel the migration?", "guest1 stays on destination")
        assert lab_backend.migration.calls == []
        await lab_backend.pilot.press(answer)
        await until(lab_backend.pilot, lambda: lab_backend.app.screen is lab_backend.app.page)
        assert lab_backend.migration.calls == calls


async def test_cancelling_is_refused_if_post_copy_began_during_the_question() -> None:
    async with page_of(running(until_=at(13))) as lab_backend:
        await lab_backend.pilot.press("c")
        await lab_backend.sees("Cancel the migration?")
        lab_backend.migration.play(in_post_copy)
        await lab_backend.pilot.press("y")
        await lab_backend.is_notified("cancelling would lose it.")
        assert lab_backend.migration.calls == []


async def test_d_proposes_a_sufficient_downtime_and_sets_the_entered_one() -> None:
    async with page_of(running(until_=at(13))) as lab_backend:
        await lab_backend.pilot.press("d")
        await lab_backend.sees("The last pass left 299 MiB: at 113 MiB/s about 2.6 s is enough.")
        await lab_backend.pilot.press("2", "7", "0", "0", "enter")
        await until(lab_backend.pilot, lambda: lab_backend.migration.calls == [("downtime", 2700)])


async def test_b_sets_the_bandwidth_limit() -> None:
    async with page_of(running(until_=at(13))) as lab_backend:
        await lab_backend.pilot.press("b")
        await lab_backend.sees("Bandwidth limit", "0 means no limit")
        await lab_backend.pilot.press("8", "0", "enter")
        await until(lab_backend.pilot, lambda: lab_backend.migration.calls == [("bandwidth", 80)])


@pytest.mark.parametrize(("key", "expected"), [("d", "a time from 1 ms to 2000 s"), ("b", "a rate from 1 to 1000000")])
@pytest.mark.parametrize("typed", ["-5", "1.5", "soon", "99999999999"])
async def test_an_impossible_value_stays_in_its_field_and_is_refused_with_what_is_expected(
    key: str, expected: str, typed: str
) -> None:
    async with page_of(running(until_=at(13))) as lab_backend:
        await lab_backend.pilot.press(key, *("full_stop" if each == "." else each for each in typed), "enter")
        await lab_backend.sees(f'"{typed}" is not a')
        assert f"Expected: {expected}" in str(lab_backend.app.screen.query_one("#message", Static).content)
        assert lab_backend.app.screen.query_one(Input).value == typed
        await lab_backend.pilot.press("escape")
        assert lab_backend.migration.calls == []


async def test_a_limit_may_be_entered_with_its_unit() -> None:
    async with page_of(running(until_=at(13))) as lab_backend:
        await lab_backend.pilot.press("d", "2", "space", "s", "enter")
        await until(lab_backend.pilot, lambda: lab_backend.migration.calls == [("downtime", 2000)])


async def test_a_number_and_enter_at_once_set_the_number() -> None:
    async with page_of(running(until_=at(13))) as lab_backend:
        await lab_backend.pilot.press("b")
        await lab_backend.sees("Bandwidth limit")
        at_once(lab_backend.app, "8", "0", "enter")
        await until(lab_backend.pilot, lambda: lab_backend.migration.calls == [("bandwidth", 80)])


async def test_values_and_enter_at_once_start_with_the_values() -> None:
    async with page_of(ReplayedMigrations()) as lab_backend:
        await lab_backend.pilot.press("m")
        await lab_backend.sees("source -> destination")
        await lab_backend.pilot.press("down", "down")
        at_once(lab_backend.app, "9", "backspace", "8", "0", "enter", "enter")
        await until(lab_backend.pilot, lambda: bool(lab_backend.migrations.started))
        assert lab_backend.migrations.started == [Plan("guest1", POST_COPY_MANUAL, bandwidth_mib_s=80)]


async def test_a_choice_and_the_field_it_enables_can_be_entered_at_once() -> None:
    async with page_of(ReplayedMigrations()) as lab_backend:
        await lab_backend.pilot.press("m")
        await lab_backend.sees("source -> destination")
        techniques = list(TECHNIQUES)
        steps = techniques.index(POST_COPY_TIMEOUT) - techniques.index(POST_COPY_MANUAL)
        at_once(lab_backend.app, "down", *["right" if steps > 0 else "left"] * abs(steps), "down", "5", "enter")
        await until(lab_backend.pilot, lambda: bool(lab_backend.migrations.started))
        assert lab_backend.migrations.started == [Plan("guest1", POST_COPY_TIMEOUT, timeout_s=5)]


async def test_the_effect_of_a_key_is_shown() -> None:
    async with page_of(running(until_=at(13))) as lab_backend:
        for kind in (record.KEY, record.ACTION):
            lab_backend.migration.give(Event(13.1, "", kind, {"action": "downtime", "value": 900}))
            lab_backend.migration.give(Event(13.1, "", kind, {"action": "bandwidth", "value": 80}))
        await lab_backend.sees("downtime <= 900 ms", "<= 80 MiB/s")
        await lab_backend.settle()
        assert {"d", "b"} <= {sign.mark for sign in lab_backend.app.page.query_one("#rates", Chart).picture.signs}


def disabled(lab_backend: LabBackend) -> set[str]:
    """The disabled keys of the page."""
    active = lab_backend.app.page.active_bindings
    return {key for key in "mpcdbl" if not active[key].enabled}


async def test_keys_are_disabled_as_the_migration_progresses() -> None:
    async with page_of(ReplayedMigrations()) as lab_backend:
        assert disabled(lab_backend) == {"p", "c", "d", "b"}
        await lab_backend.pilot.press("m", "enter")
        await until(lab_backend.pilot, lambda: lab_backend.migrations.current is not None)
        await lab_backend.play(at(13))
        assert disabled(lab_backend) == {"m"}
        await lab_backend.play(in_post_copy)
        assert disabled(lab_backend) == {"m", "p", "c", "d"}
        await lab_backend.play()
        assert disabled(lab_backend) == {"p", "c", "d", "b"}


REASONS = [
    (None, "p", "No migration is under way; m starts one."),
    (None, "c", "No migration is under way; m starts one."),
    (None, "d", "No migration is under way; m starts one."),
    (None, "b", "No migration is under way; m starts one."),
    (at(13), "m", "A migration is under way; c cancels it, quitting the app leaves it running."),
    (in_post_copy, "m", "A migration is under way"),
    (in_post_copy, "p", "Post-copy is already under way."),
    (in_post_copy, "c", "part of its memory is still here: cancelling would lose it."),
    (in_post_copy, "d", "The switchover is done; the maximum downtime no longer matters."),
    (over, "p", "The migration has completed; m starts another."),
    (over, "c", "The migration has completed; m starts another."),
]


@pytest.mark.parametrize(("moment", "key", "reason"), REASONS)
async def test_a_disabled_key_shows_why(moment: Until | None, key: str, reason: str) -> None:
    migrations = ReplayedMigrations() if moment is None else running(until_=moment)
    async with page_of(migrations) as lab_backend:
        await lab_backend.pilot.press(key)
        await lab_backend.is_notified(reason)
        assert migrations.current is None or migrations.current.calls == []


async def test_p_on_a_pre_copy_migration_shows_why_it_is_impossible() -> None:
    async with page_of(running("failed", lambda timeline: timeline.phase == PASS)) as lab_backend:
        await lab_backend.pilot.press("p")
        await lab_backend.is_notified("It was started as pre-copy; post-copy must be allowed at the start")
        assert lab_backend.migration.calls == []


async def test_p_pressed_early_is_shown_as_held() -> None:
    async with page_of(running(until_=lambda timeline: timeline.phase == PASS)) as lab_backend:
        await lab_backend.pilot.press("p")
        assert lab_backend.migration.calls == [("post-copy", None)]
        lab_backend.migration.give(Event(1.4, "", record.KEY, {"action": "post-copy", "held": True}))
        await lab_backend.sees("Post-copy is requested")
        await lab_backend.pilot.press("p")
        await lab_backend.is_notified("Post-copy is already requested")
        assert len(lab_backend.migration.calls) == 1


async def test_l_shows_every_field_of_libvirt_and_the_newest_events() -> None:
    async with page_of(running(until_=at(13)), size=(120, 50)) as lab_backend:
        await lab_backend.pilot.press("l")
        last = lab_backend.migration.timeline.last
        assert last is not None
        await lab_backend.sees(*(f"{name} {value}" for name, value in last.stats.items()), "iteration=5")
        await lab_backend.pilot.press("l")
        await until(lab_backend.pilot, lambda: "memory_iteration" not in lab_backend.words)


async def test_the_log_has_libvirts_message_of_an_error() -> None:
    async with page_of(running("failed", over)) as lab_backend:
        await lab_backend.pilot.press("l")
        await lab_backend.sees("operation failed: job 'migration out' failed: Unable to read from socket")


async def test_a_click_on_a_key_is_that_key() -> None:
    async with page_of(running(until_=at(13))) as lab_backend:
        await lab_backend.pilot.click(offset=(lab_backend.keys.index("p post-copy"), 23))
        await until(lab_backend.pilot, lambda: lab_backend.migration.calls == [("post-copy", None)])


# -- the end --


async def test_the_result_is_shown_in_one_panel() -> None:
    async with page_of(running(until_=over)) as lab_backend:
        await lab_backend.sees("Completed by post-copy", "guest1 runs on source and is gone from destination.")
        await lab_backend.sees("17.7 s in total, downtime 10 ms by libvirt")
        await lab_backend.sees("1.8 GiB sent in 7 passes, then post-copy with 2,213 pages fetched on demand")
        await lab_backend.sees("20261123T034938Z-guest1-memory-post-copy-manual", "m migrates it back to destination")
        await lab_backend.sees("[completed]", "00:17 total")


async def test_a_failure_is_shown_with_its_reason_and_the_location_of_the_vm() -> None:
    async with page_of(running("failed", over)) as lab_backend:
        await lab_backend.sees("The migration of guest1 failed", "Connection reset by peer", "guest1 runs on source.")
        await lab_backend.sees("[failed]", "m tries again")


async def test_a_cancelled_migration_is_shown_with_the_location_of_the_vm() -> None:
    async with page_of(running("cancelled", over)) as lab_backend:
        await lab_backend.sees("Cancelled", "guest1 runs on destination.", "[cancelled]")


async def test_an_unobserved_end_has_the_figures_of_libvirt() -> None:
    async with page_of(running("ended-unwatched", over)) as lab_backend:
        await lab_backend.sees(
            "Completed", "guest1 runs on source and is gone from destination.", "downtime 224 ms by libvirt"
        )
        await lab_backend.sees("00:04 total", "4.5 s in total", "398 MiB sent in 3 passes")


async def test_an_unobserved_end_without_libvirts_figures_is_shown_as_far_as_known() -> None:
    records = [each for each in recording("ended-unwatched") if getattr(each, "kind", "") != JOB_COMPLETED]
    migrations = ReplayedMigrations(records)
    migrations.current = ReplayedMigration(records)
    migrations.current.play()
    async with page_of(migrations) as lab_backend:
        await lab_backend.sees("unknown: it ended unobserved between 1.0 s and 6.9 s after the start", "total unknown")
        await lab_backend.sees("7.8 MiB sent in 1 pass until 1.0 s after the start, the last sample")


async def test_the_remains_of_an_interrupted_post_copy_are_shown_with_what_to_do() -> None:
    async with page_of(running("link-cut", at(62.5))) as lab_backend:
        advice = "Do not start it on source: two VMs would write to one disk."
        said = {"ok": True, "sentence": "guest1 runs on destination, and only there.", "advice": advice}
        lab_backend.migration.give(Event(62.7, "", record.VERIFIED, said))
        lab_backend.migration.give(Event(62.7, "", record.END, {"outcome": "completed"}))
        await lab_backend.sees("the VM guest1 runs on destination, and only there.", f"to do {advice}")


async def test_the_way_back_is_the_same_keys() -> None:
    async with page_of(running(until_=over)) as lab_backend:
        lab_backend.migrations.found = (VmOnHost(guest(), "destination"),)
        await lab_backend.pilot.press("m")
        await lab_backend.sees("destination -> source")
        await lab_backend.pilot.press("enter")
        await until(lab_backend.pilot, lambda: len(lab_backend.migrations.started) == 1)
        await lab_backend.sees("[setup]")
        assert "Completed" not in lab_backend.words


async def test_m_is_disabled_and_the_panel_shows_why_after_the_vm_was_destroyed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(migrate_view, "AGAIN_AFTER_S", 0.02)
    async with page_of(running(until_=over)) as lab_backend:
        await lab_backend.sees("m migrates it back")
        assert "m" not in disabled(lab_backend)
        lab_backend.migrations.found = (VmOnHost(guest("shut off"), "source"),)
        await lab_backend.sees("next guest1 is shut off on source; the Launch page starts it.")
        assert "m" in disabled(lab_backend)
        await lab_backend.pilot.press("m")
        await lab_backend.is_notified("guest1 is shut off on source; the Launch page starts it.")
        lab_backend.migrations.found = ()
        await lab_backend.sees("Neither host has a VM named guest1; the Launch page lists the VMs.")
        lab_backend.migrations.found = (VmOnHost(guest(), "source"),)
        await lab_backend.sees("m migrates it back")
        assert "m" not in disabled(lab_backend)


async def test_m_is_possible_if_an_unreachable_host_may_have_the_vm() -> None:
    migrations = running(until_=over)
    migrations.found = ()
    migrations.unreachable["source"] = Failure("source cannot be reached", "no route to host")
    async with page_of(migrations) as lab_backend:
        await lab_backend.sees("m migrates it back")
        assert "m" not in disabled(lab_backend)


async def test_another_vm_may_be_migrated_when_the_last_one_was_destroyed() -> None:
    migrations = running(until_=over)
    migrations.found = (VmOnHost(guest("shut off"), "source"), VmOnHost(guest(name="other"), "source"))
    async with page_of(migrations) as lab_backend:
        await lab_backend.sees("next guest1 is shut off on source")
        assert "m" not in disabled(lab_backend)


# -- the guest --


async def test_a_known_rate_of_the_guest_has_its_own_chart() -> None:
    async with page_of(running("guest-post-copy", at(1))) as lab_backend:
        assert "guest, GiB/s" not in lab_backend.words
        await lab_backend.play(at(13))
        await lab_backend.sees("guest, GiB/s", "workload", "rate, MiB/s", "memory, GiB")


async def test_a_silent_guest_is_shown_even_while_libvirt_does_not_reply() -> None:
    async with page_of(running("guest-post-copy", at(13))) as lab_backend:
        lab_backend.migration.give(Event(17.0, "", record.GUEST, {"silent_s": 4.2, "why": "it has not replied yet"}))
        lab_backend.migration.late = 2.0
        await lab_backend.sees("no reply for 4.2 s")


async def test_the_result_has_three_downtimes() -> None:
    async with page_of(running("guest-post-copy", over)) as lab_backend:
        await lab_backend.sees(
            "downtime 23 ms by libvirt",
            "network no reply for 340 ms (±10 ms; before the switchover 428 ms)",
            "guest the guest paused 272 ms (219 ms by its own clock, plus 54 ms its clock stood still, ±",
        )


async def test_a_common_reason_is_shown_once() -> None:
    async with page_of(running("post-copy-by-hand", in_post_copy)) as lab_backend:
        why = "There is no heartbeat: [b]heartbeat_port[/] is 0 in the configuration"
        lab_backend.migration.give(Event(17.0, "", record.OBSERVED, {"network_why": why, "guest_why": why}))
        await lab_backend.play()
        await lab_backend.sees(f"no outside measurement: {why}")
        assert lab_backend.words.count("heartbeat_port") == 1


# -- any terminal --


@pytest.mark.parametrize("moment", [None, at(3), at(13), in_post_copy, over])
@pytest.mark.parametrize("size", [(60, 20), (40, 12), (20, 5), (8, 2), (200, 60)])
async def test_the_page_works_at_every_size(size: tuple[int, int], moment: Until | None) -> None:
    migrations = ReplayedMigrations() if moment is None else running(until_=moment)
    async with page_of(migrations, size=size) as lab_backend:
        for key in ("l", "d", "escape", "l"):
            await lab_backend.pilot.press(key)
        await lab_backend.settle()
        assert len(lab_backend.text.splitlines()) <= size[1]


async def test_at_60x20_the_sentence_the_figures_and_the_keys_are_there() -> None:
    async with page_of(running(until_=at(13)), size=(60, 20)) as lab_backend:
        await lab_backend.sees("[pass 5]", "Not converging: each pass leaves 299 MiB", "p finishes it.", "memory, GiB")
        await lab_backend.sees("remaining 207 MiB", "sent 1.3 GiB", "pass 5")
        assert "p post-copy" in lab_backend.keys


@pytest.mark.parametrize("size", [(60, 16), (40, 12), (30, 8)])
async def test_however_small_the_log_shows_the_newest_event_beside_phase_sentence_and_keys(
    size: tuple[int, int],
) -> None:
    async with page_of(running(until_=at(13)), size=size) as lab_backend:
        await lab_backend.pilot.press("l")
        await lab_backend.sees("[pass 5]", "Not converging: each pass leaves", "host=destination iteration=5")
        if size[1] > 8:
            await lab_backend.sees("operation 5")
        assert {"m", "p", "c", "d", "b", "l"} <= set(lab_backend.keys.split())


async def test_the_log_shows_the_newest_event_after_a_resize_until_it_is_scrolled() -> None:
    async with page_of(running(until_=at(13))) as lab_backend:
        events = lab_backend.app.page.query_one("#log-events")
        await lab_backend.pilot.press("l")
        await lab_backend.sees("host=destination iteration=5")
        await lab_backend.pilot.resize_terminal(40, 12)
        await lab_backend.sees("host=destination iteration=5")
        events.scroll_up(animate=False)
        await until(lab_backend.pilot, lambda: not events.is_vertical_scroll_end)
        before = events.scroll_y
        lab_backend.migration.play()
        await lab_backend.sees("time_elapsed 17742")
        assert events.scroll_y == before


@pytest.mark.parametrize("size", [(40, 12), (30, 8)])
async def test_the_sentence_is_complete_at_every_size(size: tuple[int, int]) -> None:
    async with page_of(running(until_=at(13)), size=size) as lab_backend:
        await lab_backend.sees(
            "[pass 5]", "Not converging: each pass leaves 299 MiB, must be below 34 MiB. p finishes it."
        )


async def test_a_resize_redraws_everything() -> None:
    async with page_of(running(until_=at(13))) as lab_backend:
        await lab_backend.pilot.resize_terminal(120, 40)
        await lab_backend.settle()
        await until(
            lab_backend.pilot,
            lambda: lab_backend.text.splitlines()[0].endswith("5 Runs") and len(lab_backend.text.splitlines()) == 40,
        )
        await lab_backend.sees("[pass 5]", "┊ pass", "remaining 207 MiB")
        await lab_backend.pilot.resize_terminal(60, 20)
        await lab_backend.sees("[pass 5]", "remaining 207 MiB")


async def test_the_page_is_readable_without_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with page_of(running(until_=at(13))) as lab_backend:
        await lab_backend.sees("[4 Migrate]", "[pass 5]", "Not converging")
        segments = [segment for strip in lab_backend.app.screen._compositor.render_strips() for segment in strip]
        dim = "".join(segment.text for segment in segments if segment.style and segment.style.dim)
        assert "m start" in dim.replace("  ", " ")
        assert "post-copy now" not in dim


# -- what it costs --


async def test_without_new_records_the_page_repaints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with page_of(running(until_=at(13))) as lab_backend:
        last = lab_backend.migration.timeline.last
        assert last is not None
        page = lab_backend.app.page
        painted: list[str] = []
        for widget in page.query("Lines, Chart"):
            monkeypatch.setattr(widget, "refresh", lambda *_, id=widget.id, **__: painted.append(str(id)))
        lab_backend.migration.give(Event(lab_backend.migration.timeline.now, "", "a kind of tomorrow"))
        await lab_backend.settle()
        assert painted == []


# -- pictures --

MOMENTS = {
    "idle": (None, None),
    "form": (None, None),
    "first-pass": ("post-copy-by-hand", at(3)),
    "not-converging": ("post-copy-by-hand", at(13)),
    "post-copy": ("post-copy-by-hand", in_post_copy),
    "completed": ("post-copy-by-hand", over),
    "failed": ("failed", over),
    "log": ("post-copy-by-hand", at(13)),
    "guest": ("guest-post-copy", at(13)),
    "guest-completed": ("guest-post-copy", over),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("moment", MOMENTS)
def test_migrate_looks_like_its_picture(snap_compare: Any, moment: str, size: tuple[int, int]) -> None:
    name, until_ = MOMENTS[moment]
    migrations = ReplayedMigrations() if name is None else running(name, until_)
    page = MigratePage(migrations, BY_HAND)  # type: ignore[arg-type]
    app = OnePage(page)

    async def arrange(pilot: Pilot[Any]) -> None:
        lab_backend = LabBackend(app, pilot, migrations)
        await lab_backend.settle()
        if name is None:
            await lab_backend.sees("guest1 running on source")
        for key in {"form": "m", "log": "l"}.get(moment, ""):
            await pilot.press(key)
        if moment == "form":
            await lab_backend.sees("source -> destination")
        if moment == "log":
            events = page.query_one("#log-events")
            await until(pilot, lambda: events.max_scroll_y > 0 and events.is_vertical_scroll_end)
            await lab_backend.sees("memory_total")
        await lab_backend.settle()

    assert snap_compare(app, terminal_size=size, run_before=arrange)
