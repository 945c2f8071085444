"""An error that nobody expected does not end the app: it is logged, a sentence reports it, and the page goes on."""

import errno
import os
from collections.abc import Callable
from typing import Any

import pytest
from textual import work

from tests.ui.one_page import OnePage, text_of, until
from tui.core.failure import Failure
from tui.ui import goes_on
from tui.ui.goes_on import WATCH
from tui.ui.page import Page


def too_many() -> OSError:
    return OSError(errno.EMFILE, os.strerror(errno.EMFILE))


class Trouble(Page):
    """Looks at something that raises what `errors` has, one a look."""

    page = "hosts"

    def __init__(self, *errors: Exception) -> None:
        super().__init__()
        self.errors = list(errors)
        self.calls = 0

    def look(self) -> None:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)

    @work(name="look")
    async def look_once(self) -> None:
        self.look()

    @work(group=WATCH)
    async def _watch_hosts(self) -> None:
        self.look()

    def watch(self) -> None:
        self._watch_hosts()

    def tick(self) -> None:
        self.set_interval(0.001, self.guarded(self._tick))

    async def _tick(self) -> None:
        self.look()


def said(app: OnePage) -> list[str]:
    return [" ".join(each.message.split()) for each in app._notifications]


@pytest.mark.parametrize(("begin", "name"), [(Trouble.look_once, "look"), (Trouble.watch, "watch hosts")])
async def test_a_worker_that_raises_is_reported_and_leaves_the_app_running(
    begin: Callable[[Trouble], Any], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    error = too_many()
    app = OnePage(page := Trouble(error))
    async with app.run_test(notifications=True) as pilot:
        begin(page)
        sentence = f"Unexpected error in {name}: OSError: [Errno 24] Too many open files. It is in the log, "
        await until(pilot, lambda: any(each.startswith(sentence) for each in said(app)))
        assert app.is_running
        assert "Too many open files" in " ".join(text_of(app).replace("▌", " ").split())
        assert [record.exc_info[1] for record in caplog.records if record.exc_info] == [error]
        caplog.clear()


async def test_a_watch_that_raises_begins_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(goes_on, "AGAIN_AFTER_S", 0.0)
    app = OnePage(page := Trouble(too_many(), too_many()))
    async with app.run_test(notifications=True) as pilot:
        page.watch()
        await until(pilot, lambda: page.calls == 3)
        caplog.clear()


async def test_a_timer_that_raises_goes_on_and_says_the_same_only_once(caplog: pytest.LogCaptureFixture) -> None:
    app = OnePage(page := Trouble(too_many(), too_many(), KeyError("vm")))
    async with app.run_test(notifications=True) as pilot:
        page.tick()
        await until(pilot, lambda: page.calls > 4)
        assert [each.partition(". It is")[0] for each in said(app)] == [
            "Unexpected error in tick: OSError: [Errno 24] Too many open files",
            "Unexpected error in tick: KeyError: 'vm'",
        ]
        caplog.clear()


async def test_a_failure_that_no_worker_caught_has_its_own_sentence(caplog: pytest.LogCaptureFixture) -> None:
    app = OnePage(page := Trouble(Failure("source can't be reached", "there was no answer", "Is it switched on?")))
    async with app.run_test(notifications=True) as pilot:
        page.look_once()
        await until(pilot, lambda: said(app) == ["source can't be reached: there was no answer. Is it switched on?"])
        caplog.clear()
