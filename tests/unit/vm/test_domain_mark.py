"""The mark is written into any definition and read from it."""

import pytest

from tui.vm.model.domain import parse
from tui.vm.model.domain_mark import DELETING, MAKING, marked

OTHERS = '<metadata><os:libosinfo xmlns:os="urn:os"/></metadata>'


@pytest.mark.parametrize(
    "text",
    [
        "<domain type='kvm'><name>two</name></domain>",
        "<domain>\n  <name>two</name>\n</domain>",
        f"<domain type='kvm'\n id='3'><name>two</name>{OTHERS}</domain>",
        "<!-- a <name>-less comment -->\n<domain><name>two</name><metadata/></domain>",
        "<domain><metadata />\n<name>two</name></domain>",
    ],
)
@pytest.mark.parametrize("work", [MAKING, DELETING])
def test_a_definition_is_marked_and_its_lines_keep_their_numbers(text: str, work: str) -> None:
    assert parse(text).mark == ""
    after = marked(text, work)
    domain = parse(after)
    assert (domain.name, domain.mark) == ("two", work)
    assert after.count("\n") == text.count("\n")
    assert after.count("<metadata>") == 1
    assert ("libosinfo" in after) == ("libosinfo" in text)


@pytest.mark.parametrize("text", ["", "<domain", "<network><name>two</name></network>"])
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert marked(text, MAKING) == text
