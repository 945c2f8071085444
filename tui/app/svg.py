"""A picture of the screen as SVG that needs no other server: Rich names a font of one, and clips each line twice."""

import re
from typing import Any

from textual.app import App

FONT = '"DejaVu Sans Mono", "Liberation Mono", Menlo, Consolas, monospace'
FACES = re.compile(r"@font-face \{[^}]*\}\s*")
CLIPS = re.compile(
    r'<clipPath id="[^"]*-line-\d+">\s*<rect[^>]*/>\s*</clipPath>\s*| clip-path="url\(#[^"]*-line-\d+\)"'
)
NAMES = re.compile(r"terminal-\d+-")
INDENTS = re.compile(r"\n\s+")
ON_LIGHT = {"#292929": "#ffffff", "#c5c8c6": "#1e1e1e"}  # what Rich draws for a terminal's background and its text


def svg_of(app: App[Any], title: str | None = None) -> str:
    """What the app shows now; `title` is the one of the window, by default that of the app."""
    svg = alone(app.export_screenshot(title=title))
    if app.current_theme.dark:
        return svg
    for dark, light in ON_LIGHT.items():
        svg = svg.replace(dark, light)
    return svg


def alone(svg: str) -> str:
    """The picture of Rich with fonts of the machine that shows it, and at about two thirds of its size."""
    svg = FACES.sub("", svg).replace("Fira Code, monospace", FONT).replace("Fira Code", "monospace")
    svg = NAMES.sub("", CLIPS.sub("", svg)).replace("<svg ", '<svg xml:space="preserve" ', 1)  # else gaps collapse
    return INDENTS.sub("\n", svg) + "\n"
