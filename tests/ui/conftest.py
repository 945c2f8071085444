"""Fixtures of all tests of pages."""

from collections.abc import Iterator
from pathlib import Path

import plotext  # noqa: F401  # loaded here so that charts draw at once; the app loads it after the first paint
import pytest

from tests.list_world import ListWorld


@pytest.fixture(autouse=True)
def _default_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ignore the background and the NO_COLOR of the terminal that runs the tests."""
    for name in ("COLORFGBG", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _no_unexpected_error(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail on an unexpected error, which the app survives; a test that expects one clears `caplog`."""
    yield
    for record in caplog.get_records("call"):
        if record.exc_info and record.msg.startswith("Unexpected error"):
            pytest.fail(f"{record.getMessage()}: {record.exc_info[1]!r}")


@pytest.fixture
def world(tmp_path: Path) -> ListWorld:
    """Everything exists except the server and the export that needs it."""
    made = ListWorld(tmp_path)
    made.make_all()
    made.machines["storage"].made -= {"server", "export"}
    return made
