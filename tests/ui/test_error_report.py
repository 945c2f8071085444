"""An unexpected error is logged and shown, and does not end the app."""

import errno
import os
from collections.abc import Callable
from typing import Any

import pytest
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.geometry import Size
from textual.message import Message
from textual.pilot import Pilot
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from tests.ui.migrate_screen import BY_HAND
from tests.ui.one_page import OnePage, text_of, until
from tests.ui.replay import ReplayedMigrations, recording
from tui.core.failure import Failure
from tui.migration.screens.page import MigratePage
from tui.ui import error_report
from tui.ui.dialog import Dialog
from tui.ui.error_report import WATCH
from tui.ui.page import Page


def too_many() -> OSError:
    return OSError(errno.EMFILE, os.strerror(errno.EMFILE))


class Trouble(Page):
    """Each of the first calls of `read` raises the next of `errors`."""

    page = "hosts"

    def __init__(self, *errors: Exception) -> None:
        super().__init__()
        self.errors = list(errors)
        self.calls = 0

    def read(self) -> None:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)

    @work(name="read")
    async def read_once(self) -> None:
        self.read()

    @work(group=WATCH)
    async def _watch_hosts(self) -> None:
        self.read()

    def watch(self) -> None:
        self._watch_hosts()

    def tick(self) -> None:
        self.set_interval(0.001, self.guarded(self._tick))

    async def _tick(self) -> None:
        self.read()


def shown(app: OnePage) -> list[str]:
    return [" ".join(each.message.split()) for each in app._notifications]


@pytest.mark.parametrize(("begin", "name"), [(Trouble.read_once, "read"), (Trouble.watch, "watch hosts")])
async def test_a_worker_that_raises_is_reported_and_leaves_the_app_running(
    begin: Callable[[Trouble], Any], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    error = too_many()
    app = OnePage(page := Trouble(error))
    async with app.run_test(notifications=True) as pilot:
        begin(page)
        sentence = f"Unexpected error in {name}: OSError: [Errno 24] Too many open files. It is in the log, "
        await until(pilot, lambda: any(each.startswith(sentence) for each in shown(app)))
        assert app.is_running
        await until(pilot, lambda: "Too many open files" in " ".join(text_of(app).replace("▌", " ").split()))
        assert [record.exc_info[1] for record in caplog.records if record.exc_info] == [error]
        caplog.clear()


async def test_a_watch_that_raises_is_restarted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(error_report, "RESTART_AFTER_S", 0.0)
    app = OnePage(page := Trouble(too_many(), too_many()))
    async with app.run_test(notifications=True) as pilot:
        page.watch()
        await until(pilot, lambda: page.calls == 3)
        caplog.clear()


async def test_a_watch_that_raises_the_same_error_again_reports_it_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(error_report, "RESTART_AFTER_S", 0.0)
    app = OnePage(page := Trouble(too_many(), too_many(), KeyError("vm")))
    async with app.run_test(notifications=True) as pilot:
        page.watch()
        await until(pilot, lambda: page.calls == 4)
        assert [each.partition(". It is")[0] for each in shown(app)] == [
            "Unexpected error in watch hosts: OSError: [Errno 24] Too many open files",
            "Unexpected error in watch hosts: KeyError: 'vm'",
        ]
        caplog.clear()


async def test_a_timer_that_raises_continues_and_reports_the_same_error_once(caplog: pytest.LogCaptureFixture) -> None:
    app = OnePage(page := Trouble(too_many(), too_many(), KeyError("vm")))
    async with app.run_test(notifications=True) as pilot:
        page.tick()
        await until(pilot, lambda: page.calls > 4)
        assert [each.partition(". It is")[0] for each in shown(app)] == [
            "Unexpected error in tick: OSError: [Errno 24] Too many open files",
            "Unexpected error in tick: KeyError: 'vm'",
        ]
        caplog.clear()


async def test_a_failure_that_no_worker_caught_is_shown_as_its_own_sentence(caplog: pytest.LogCaptureFixture) -> None:
    app = OnePage(page := Trouble(Failure("source can't be reached", "there was no answer", "Is it switched on?")))
    async with app.run_test(notifications=True) as pilot:
        page.read_once()
        await until(pilot, lambda: shown(app) == ["source can't be reached: there was no answer. Is it switched on?"])
        caplog.clear()


class Square(Widget):
    """A widget whose handlers raise; its next layout raises, too, while it is broken."""

    can_focus = True
    DEFAULT_CSS = "Square { height: auto; }"
    BINDINGS = [Binding("s", "square", "square")]
    broken = reactive(False)

    def action_square(self) -> None:
        raise too_many()

    def on_click(self) -> None:
        raise too_many()

    def watch_broken(self, old: bool, new: bool) -> None:
        if new:
            raise too_many()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        if self.broken:
            self.set_reactive(Square.broken, False)
            raise too_many()
        return 1


class Faulty(Page):
    """All its handlers raise, except that n counts."""

    page = "hosts"
    BINDINGS = [
        Binding("x", "explode", "explode"),
        Binding("X", "explode_later", "explode later", priority=True),
        Binding("n", "count", "count"),
    ]

    class Sent(Message):
        """Its handler raises."""

    def __init__(self) -> None:
        super().__init__()
        self.counted = 0
        self.in_front = False

    def on_screen_resume(self) -> None:
        self.in_front = True

    def on_screen_suspend(self) -> None:
        self.in_front = False

    def body(self) -> ComposeResult:
        yield Square()
        yield Static("counted 0", id="counted")

    def action_count(self) -> None:
        self.counted += 1
        self.query_one("#counted", Static).update(f"counted {self.counted}")

    def action_explode(self) -> None:
        raise too_many()

    async def action_explode_later(self) -> None:
        raise too_many()

    def on_faulty_sent(self) -> None:
        raise too_many()

    def on_key(self, event: Any) -> None:
        if event.key == "k":
            raise too_many()

    def callback(self) -> None:
        raise too_many()

    def begin(self) -> None:
        self.set_interval(0.001, self.callback)

    async def coroutine(self) -> None:
        raise too_many()


class FaultyForm(Dialog[None]):
    def __init__(self) -> None:
        super().__init__("Faulty")

    def body(self) -> ComposeResult:
        yield Input()
        yield Button("press")

    def on_input_changed(self) -> None:
        raise too_many()

    def on_input_submitted(self) -> None:
        raise too_many()

    def on_button_pressed(self) -> None:
        raise too_many()


class FaultyApp(OnePage):
    """Its keys raise: one before the focused widget, one after it, one while it creates another page."""

    BINDINGS = [
        Binding("f2", "fail", "fail"),
        Binding("f3", "fail", "fail", priority=True),
        Binding("f4", "other_page", "other page"),
    ]

    def on_mount(self) -> None:
        self.add_mode("other", self.other)

    def other(self) -> Page:
        raise too_many()

    def action_fail(self) -> None:
        raise too_many()

    async def action_other_page(self) -> None:
        await self.switch_mode("other")


async def survives(
    app: OnePage, pilot: Pilot[Any], where: str, caplog: pytest.LogCaptureFixture, count: int = 1
) -> None:
    """Wait until the error is shown and logged, and the page `Faulty` still acts on its keys."""
    sentence = f"Unexpected error in {where}: OSError: [Errno 24] Too many open files. It is in the log, "
    await until(pilot, lambda: any(each.startswith(sentence) for each in shown(app)))
    assert len(shown(app)) == count
    errors = [record.exc_info[1] for record in caplog.records if record.exc_info]
    assert [type(error) for error in errors] == [OSError] * count
    caplog.clear()
    await pilot.press("n")
    await until(pilot, lambda: "counted 1" in text_of(app))


@pytest.mark.parametrize(
    ("key", "where"),
    [("x", "explode"), ("X", "explode later"), ("s", "square"), ("k", "key"), ("f2", "fail"), ("f3", "fail")],
)
async def test_a_key_whose_handler_raises_is_reported_and_the_page_goes_on(
    key: str, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = FaultyApp(Faulty())
    async with app.run_test(notifications=True) as pilot:
        await pilot.press(key)
        await survives(app, pilot, where, caplog)


@pytest.mark.parametrize(
    ("begin", "where"),
    [
        pytest.param(lambda page: page.post_message(Faulty.Sent()), "faulty sent", id="message"),
        pytest.param(lambda page: page.call_later(page.callback), "callback", id="call_later"),
        pytest.param(lambda page: page.call_next(page.coroutine), "coroutine", id="call_next"),
        pytest.param(lambda page: page.call_after_refresh(page.callback), "callback", id="call_after_refresh"),
        pytest.param(lambda page: page.set_timer(0.001, page.callback), "callback", id="set_timer"),
        pytest.param(lambda page: page.call_later(page.begin), "callback", id="set_interval"),
    ],
)
async def test_a_handler_or_callback_that_raises_is_reported_and_the_page_goes_on(
    begin: Callable[[Faulty], Any], where: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = OnePage(page := Faulty())
    async with app.run_test(notifications=True) as pilot:
        begin(page)
        await survives(app, pilot, where, caplog)


async def test_a_page_whose_successor_cannot_be_created_is_resumed(caplog: pytest.LogCaptureFixture) -> None:
    app = FaultyApp(page := Faulty())
    async with app.run_test(notifications=True) as pilot:
        await pilot.press("f4")
        await survives(app, pilot, "other page", caplog)
        assert page.in_front


async def test_a_widget_whose_handlers_raise_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    app = OnePage(Faulty())
    async with app.run_test(notifications=True) as pilot:
        await pilot.click(Square)
        await survives(app, pilot, "click", caplog)


@pytest.mark.parametrize(
    ("keys", "where"),
    [(["a"], "input changed"), (["enter"], "input submitted"), (["tab", "enter"], "button pressed")],
)
async def test_a_dialog_whose_handler_raises_stays_open_and_can_be_closed(
    keys: list[str], where: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = OnePage(Faulty())
    async with app.run_test(notifications=True) as pilot:
        await app.push_screen(FaultyForm())
        await pilot.press(*keys)
        sentence = f"Unexpected error in {where}: OSError: [Errno 24] Too many open files."
        await until(pilot, lambda: any(each.startswith(sentence) for each in shown(app)))
        assert isinstance(app.screen, FaultyForm)
        await pilot.press("escape")
        await survives(app, pilot, where, caplog)


class Unmakeable(Dialog[None]):
    def body(self) -> ComposeResult:
        yield Static("half")
        raise too_many()


async def test_a_dialog_that_cannot_be_composed_is_reported_and_closed(caplog: pytest.LogCaptureFixture) -> None:
    app = OnePage(page := Faulty())
    async with app.run_test(notifications=True) as pilot:
        await app.push_screen(Unmakeable("Title"))
        await until(pilot, lambda: app.screen is page)
        await survives(app, pilot, "Unmakeable", caplog)


class FaultyBody(Faulty):
    def on_mount(self) -> None:
        raise too_many()

    def body(self) -> ComposeResult:
        yield from super().body()
        raise too_many()


async def test_the_first_page_is_shown_even_if_its_handlers_raise(caplog: pytest.LogCaptureFixture) -> None:
    app = OnePage(FaultyBody())
    async with app.run_test(notifications=True) as pilot:
        await until(pilot, lambda: "Hosts" in text_of(app) and len(shown(app)) == 2)
        assert shown(app)[1].startswith("Unexpected error in mount: ")
        await survives(app, pilot, "FaultyBody", caplog, count=2)


async def test_a_widget_without_a_layout_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    app = OnePage(page := Faulty())
    async with app.run_test(notifications=True) as pilot:
        square = page.query_one(Square)
        square.set_reactive(Square.broken, True)
        square.refresh(layout=True)
        await survives(app, pilot, "get content height", caplog)


async def test_a_watcher_that_raises_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    app = OnePage(page := Faulty())
    async with app.run_test(notifications=True) as pilot:
        square = page.query_one(Square)
        page.call_later(lambda: setattr(square, "broken", True))
        await survives(app, pilot, "<lambda>", caplog)


async def test_a_migration_goes_on_and_can_be_steered_after_an_error(caplog: pytest.LogCaptureFixture) -> None:
    migrations = ReplayedMigrations(recording("post-copy-by-hand"))
    app = FaultyApp(MigratePage(migrations, BY_HAND))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda: "guest1" in text_of(app))
        await pilot.press("m", "enter")
        await until(pilot, lambda: migrations.current is not None)
        migration = migrations.current
        assert migration is not None
        migration.play(lambda timeline: len(timeline.passes) > 1)
        await pilot.press("f2")
        await until(pilot, lambda: len(shown(app)) == 1)
        caplog.clear()
        await pilot.press("p")
        await until(pilot, lambda: migration.controls.calls == [("post-copy", None)])
        migration.play()
        await until(pilot, lambda: "Completed by post-copy" in text_of(app))
