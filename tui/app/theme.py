"""The app's own colours: the terminal's sixteen, so that they fit whatever it shows and cost few bytes."""

from collections.abc import Mapping

from textual.theme import BUILTIN_THEMES, Theme

DARK = Theme(
    name="vmlm-dark",
    ansi=True,
    dark=True,
    primary="ansi_bright_blue",  # many terminals' plain blue cannot be read on black
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

LIGHT = Theme(
    name="vmlm-light",
    ansi=True,
    dark=False,
    primary="ansi_blue",
    secondary="ansi_cyan",
    accent="ansi_blue",
    success="ansi_green",
    warning="ansi_magenta",  # yellow on white is not read
    error="ansi_red",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables=dict(BUILTIN_THEMES["ansi-light"].variables),
)

LIGHT_BACKGROUNDS = ("7", "15")


def fitting(environ: Mapping[str, str]) -> Theme:
    """The theme for the terminal's background, where the terminal tells it (COLORFGBG); else the dark one."""
    background = environ.get("COLORFGBG", "").rpartition(";")[2]
    return LIGHT if background in LIGHT_BACKGROUNDS else DARK
