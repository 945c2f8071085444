"""The app's themes, which use the terminal's 16 colours: they fit any terminal and take few bytes."""

from collections.abc import Mapping
from dataclasses import replace

from textual.theme import BUILTIN_THEMES, Theme

from tui.core.settings import AUTO

DARK = Theme(
    name="vmlm-dark",
    ansi=True,
    dark=True,
    primary="ansi_bright_blue",  # plain blue is unreadable on black in many terminals
    secondary="ansi_cyan",
    accent="ansi_bright_cyan",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_bright_red",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables=dict(BUILTIN_THEMES["ansi-dark"].variables),
)

LIGHT = replace(
    DARK,
    name="vmlm-light",
    dark=False,
    primary="ansi_blue",
    accent="ansi_blue",
    warning="ansi_magenta",  # yellow is unreadable on white
    error="ansi_red",
    variables=dict(BUILTIN_THEMES["ansi-light"].variables),
)

CONTRAST = replace(
    DARK,
    name="vmlm-contrast",
    primary="ansi_bright_cyan",
    secondary="ansi_bright_white",
    accent="ansi_bright_yellow",
    success="ansi_bright_green",
    warning="ansi_bright_yellow",
    error="ansi_bright_red",
    foreground="ansi_bright_white",
    background="ansi_black",
    surface="ansi_black",
    panel="ansi_black",
    boost="ansi_black",
)

THEMES = {theme.name: theme for theme in (DARK, LIGHT, CONTRAST)}
LIGHT_BACKGROUNDS = ("7", "15")


def theme_for(environ: Mapping[str, str], wanted: str = AUTO) -> Theme:
    """The theme that the configuration wants; with AUTO, that for the background in COLORFGBG, else the dark one."""
    if wanted != AUTO:
        return THEMES[f"vmlm-{wanted}"]
    background = environ.get("COLORFGBG", "").rpartition(";")[2]
    return LIGHT if background in LIGHT_BACKGROUNDS else DARK
