"""Lines of text that a file or a host may have written."""

import pytest
from textual.content import Content

from tui.ui.lines import Lines


@pytest.mark.parametrize("control", ["\u202e", "\x1b[2J", "\udce9", "\u2028", "\x9b"])
def test_a_control_character_is_shown_in_place_of_taking_effect(control: str) -> None:
    lines = Lines()
    lines.show(Content.assemble("why: ", (f"x{control}y", "bold"), " z"))
    assert lines.text == f"why: x{chr(0xFFFD) * len(control)}y z"
    assert lines._contents[0].spans[0].style == "bold"


@pytest.mark.parametrize("text", ["guest1", "\u03bc", "\u65e5\u672c", "a\u200cb", "\u2800"])
def test_other_text_is_shown_as_it_is(text: str) -> None:
    lines = Lines()
    content = Content(text)
    lines.show(content)
    assert lines._contents == (content,)
