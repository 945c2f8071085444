"""What the tests of pages share."""

import plotext  # noqa: F401  # loaded here, a chart draws at once; in the app it is loaded behind the first paint
import pytest


@pytest.fixture(autouse=True)
def _a_terminal_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a light background nor a wish for no colour comes from whoever runs the tests."""
    for name in ("COLORFGBG", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
