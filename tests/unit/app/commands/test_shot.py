"""`vmlm-tui shot`: pictures of the page of a run, without a terminal."""

import re
from pathlib import Path

import pytest

from tui.app.commands.shot import main
from tui.app.screens.demo import RECORDING
from tui.core.failure import Failure

RUN = str(RECORDING)
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def test_a_picture_as_text_has_the_size_and_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    assert main("shot", [RUN, "--size", "100x50", "--ansi"]) == 0
    text = capsys.readouterr().out
    rows = ESCAPES.sub("", text).splitlines()
    assert [len(rows), {len(row) for row in rows}] == [50, {100}]
    assert "Completed by post-copy" in ESCAPES.sub("", text)
    assert "\x1b[" in text
    assert "\u2588" * 8 in ESCAPES.sub("", text)  # the area of the memory
    assert "key: " not in text  # a picture has none


def test_a_picture_of_a_moment_is_the_page_of_then(capsys: pytest.CaptureFixture[str]) -> None:
    assert main("shot", [RUN, "--at", "15", "--size", "80x24"]) == 0
    text = ESCAPES.sub("", capsys.readouterr().out)
    assert "[pass 6]" in text
    assert "00:15 elapsed" in text
    assert "memory, MiB" in text


def test_a_file_that_ends_with_svg_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "run.svg"
    assert main("shot", [RUN, "--out", str(place)]) == 0
    assert capsys.readouterr().err == f"{place}\n"
    texts = place.read_text().replace("&#160;", " ")
    assert texts.startswith("<svg")
    assert "Completed by post-copy" in texts
    assert "[4 Migrate]" in texts


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "RUN is missing"),
        ((RUN, "--size", "80"), "--size 80 is not possible. Columns and rows are expected: 120x40"),
        ((RUN, "--size", "9999x40"), "--size 9999x40 is not possible"),
        ((RUN, "--at", "soon"), "--at soon is no time of the run"),
        ((RUN, "--svg", "--ansi"), "not allowed with argument"),
        (("/nowhere/run",), "/nowhere/run"),
        ((RUN, "--out", "/nowhere/run.svg"), "/nowhere/run.svg could not be written"),
    ],
)
def test_what_is_no_picture_is_a_failure(words: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(Failure) as caught:
        main("shot", list(words))
    assert sentence in str(caught.value)
