"""The app's themes, which use the terminal's 16 colours: they fit any terminal and take few bytes."""

from collections.abc import Mapping
from dataclasses import replace

from textual.theme import BUILTIN_THEMES, Theme

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

LIGHT_BACKGROUNDS = ("7", "15")


def theme_for(environ: Mapping[str, str]) -> Theme:
    """The theme for the terminal's background in COLORFGBG; without COLORFGBG, the dark one."""
    background = environ.get("COLORFGBG", "").rpartition(";")[2]
    return LIGHT if background in LIGHT_BACKGROUNDS else DARK
