"""With NO_COLOR set, the app paints in the default colours only."""

from pathlib import Path

import pytest
from rich.style import Style
from textual.color import Color

from tui.app.app import VmlmApp


async def test_no_color_in_the_environment_leaves_only_the_default_colours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = VmlmApp(None, Path("/nowhere/config.toml"))
    async with app.run_test(size=(80, 24)):
        styles = set[Style | None]()
        for strip in app.screen._compositor.render_strips():
            for filter_ in app._filters:
                strip = strip.apply_filter(filter_, Color(0, 0, 0))  # noqa: PLW2901
            styles |= {segment.style for segment in strip}
        colors = {color for style in styles if style for color in (style.color, style.bgcolor) if color}
        assert colors
        assert all(color.is_default for color in colors)
