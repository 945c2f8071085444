"""An unexpected error is logged and shown, and does not end the app."""

import errno
import os
from collections.abc import Callable
from typing import Any

import pytest
from textual import work

from tests.ui.one_page import OnePage, text_of, until
from tui.core.failure import Failure
from tui.ui import error_report
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
