"""The editor of a person, as its variables name it."""

import pytest

from tui.core.failure import Failure
from tui.ui.terminal_program import editor


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, ["vi"]),
        ({"EDITOR": "nano -l"}, ["nano", "-l"]),
        ({"EDITOR": "nano", "VISUAL": "'/opt/my editor' -w"}, ["/opt/my editor", "-w"]),
        ({"EDITOR": "nano", "VISUAL": " "}, ["nano"]),
    ],
)
def test_visual_then_editor_then_vi(environ: dict[str, str], words: list[str]) -> None:
    assert editor(environ) == words


def test_a_variable_that_is_no_command_is_named() -> None:
    with pytest.raises(Failure, match=r"\$EDITOR is no command: 'nano: No closing quotation"):
        editor({"EDITOR": "'nano"})
