"""The mark goes into a definition and is read from it, whatever that one has already."""

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
def test_a_definition_is_marked_and_its_lines_stay_where_they_are(text: str, work: str) -> None:
    assert parse(text).mark == ""
    there = marked(text, work)
    domain = parse(there)
    assert (domain.name, domain.mark) == ("two", work)
    assert there.count("\n") == text.count("\n")
    assert there.count("<metadata>") == 1
    assert ("libosinfo" in there) == ("libosinfo" in text)


@pytest.mark.parametrize("text", ["", "<domain", "<network><name>two</name></network>"])
def test_what_is_no_definition_stays_as_it_is(text: str) -> None:
    assert marked(text, MAKING) == text
