"""What the tests of pages share."""

from collections.abc import Iterator

import plotext  # noqa: F401  # loaded here, a chart draws at once; in the app it is loaded behind the first paint
import pytest


@pytest.fixture(autouse=True)
def _a_terminal_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a light background nor a wish for no colour comes from whoever runs the tests."""
    for name in ("COLORFGBG", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _no_error_that_nobody_expected(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """The app goes on behind a mistake in a worker or a timer; its test does not. Who expects one clears `caplog`."""
    yield
    for record in caplog.get_records("call"):
        if record.exc_info and record.msg.startswith("Unexpected error"):
            pytest.fail(f"{record.getMessage()}: {record.exc_info[1]!r}")
