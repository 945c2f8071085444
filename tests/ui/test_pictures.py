"""The pictures of the README."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pictures import FOLDER, Picture, draw, pictures
from tests.ui.runs_screen import utc

CHECKOUT = Path(__file__).parents[2]
MOST_BYTES = 60_000
SEEN = {
    "hosts": "unreachable",
    "forecast": "* post-copy at once",
    "live": "Not converging: each pass leaves about 302 MiB",
    "result": "total",
    "queue": "destination has no route to the share of its disks",
    "study": "The study workloads is complete.",
}


@pytest.mark.parametrize(("name", "make"), pictures().items())
def test_a_picture_is_drawn_from_what_was_recorded(
    name: str, make: Callable[[], Picture], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with utc():
        svg = draw(make())
    assert SEEN[name] in svg.replace("&#160;", " ")
    assert re.findall(r"url\((?!#)[^)]*\)|href=", svg) == []  # it needs no other server
    assert len(svg.encode()) < MOST_BYTES


def test_the_readme_has_each_picture_once() -> None:
    shown = re.findall(r"!\[[^]]+\]\(docs/pictures/(\w+)\.svg\)", (CHECKOUT / "README.md").read_text())
    assert sorted(shown) == sorted(pictures()) == sorted(path.stem for path in FOLDER.glob("*.svg"))
