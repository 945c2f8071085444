"""The grammar that chooses runs, on the command line and on the page."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from tui.core.failure import Failure
from tui.runs.model.annotation import Annotation
from tui.runs.model.filter import filter_of, parse_filter
from tui.runs.model.options import RunOptions
from tui.runs.model.run import HostFacts, QueueMark, Run, StudyMark

RUN = Run(
    Path("/runs/20261123T034700Z-guest1-memory-pre-copy"),
    datetime(2026, 11, 23, 3, 47, tzinfo=timezone.utc),
    vm="guest1",
    workload="memory",
    options=RunOptions("pre-copy", None, 20, 300, auto_converge=True, parallel=4),
    origin="source",
    target="destination",
    origin_facts=HostFacts(qemu="10.0.2"),
    outcome="completed",
    annotation=Annotation("the noisy neighbour", ("paper", "b.2"), "the host was busy"),
    study=StudyMark("original", "20261123T030000Z-original", "memory, pre-copy", warm_up=True),
    queue=QueueMark("20261123T033000Z-evacuate-source", 1, 1),
    parameters={"command": "stress-ng --vm 2"},
)
BARE = Run(Path("/runs/x"))


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = os.environ.get("TZ")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.delenv("TZ") if before is None else monkeypatch.setenv("TZ", before)
    time.tzset()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "  ",
        "vm:guest1",
        "VM:GUEST",
        "vm:=guest1",
        "workload:mem",
        "technique:pre-copy",
        "technique:+ac",
        "technique:x4",
        "outcome:completed",
        "from:source to:destination",
        "version:10.0",
        'version:"qemu 10"',
        "tag:paper",
        "tag:PAPER",
        "-tag:pap",
        "tag:b.2",
        'note:"noisy neighbour"',
        "study:original",
        "study:=20261123T030000Z-original",
        "cell:'memory, pre'",
        "queue:evacuate-source",
        "queue:=20261123T033000Z-evacuate-source",
        "033000Z-evacuate",
        "is:excluded is:warm-up is:noted",
        "-is:imported -is:censored",
        "since:2026-11-23",
        "since:2026-11-23T03:47",
        "until:2026-11-23",
        "until:2026-11-23T03:47",
        "-until:2026-11-22",
        "busy",
        "-idle",
        "stress-ng",
        '"noisy neighbour"',
        '-"vm:guest1"',
        "20261123T034700Z",
        "vm:guest1 workload:memory -tag:x noisy",
    ],
)
def test_words_that_match(line: str) -> None:
    assert parse_filter(line).matches(RUN)


@pytest.mark.parametrize(
    "line",
    [
        "vm:guest2",
        "vm:=guest",
        "-vm:guest1",
        "tag:pap",
        "queue:=evacuate-source",
        "outcome:failed",
        "is:imported",
        "-is:excluded",
        "since:2026-11-24",
        "until:2026-11-22",
        "until:2026-11-23T03:46",
        "nowhere",
        "-noisy",
        '"neighbour noisy"',
        "vm:guest1 workload:idle",
        "03:47",
    ],
)
def test_words_that_do_not_match(line: str) -> None:
    assert not parse_filter(line).matches(RUN)


def test_an_unknown_value_is_found_by_an_equals_sign_alone() -> None:
    assert all(parse_filter(f"{key}:=").matches(BARE) for key in ("vm", "workload", "tag", "study", "queue"))
    assert not parse_filter("vm:=").matches(RUN)
    assert not any(
        parse_filter(word).matches(BARE) for word in ("vm:a", "tag:a", "since:2026-11-01", "until:2026-11-01")
    )


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("colour:red", 'There is no filter "colour": there are vm:, workload:, .* Quote the word to search'),
        ("vm:", "The filter vm: has no value. Write it without a space, such as vm:guest1."),
        ("vm: guest1", "The filter vm: has no value."),
        ("outcome:done", 'There is no outcome "done": the outcomes are completed, failed, cancelled, lost, under way,'),
        ("is:good", 'A run can\'t be "good": is: may be excluded, imported, noted, warm-up, censored.'),
        ("since:yesterday", '"yesterday" is not a date. Expected: "2026-11-01" or "2026-11-01T14:30".'),
        ("since:2026-13-01", '"2026-13-01" is not a date.'),
        ("since:0001-01-01", '"0001-01-01" is not a date.'),
        ("until:9999-12-31", '"9999-12-31" is not a date.'),
        ('vm:x "open', 'A quote of the filter is not closed: "\\"open".'),
        ("a'b", "A quote of the filter is not closed"),
    ],
)
def test_a_mistake_is_a_sentence(line: str, sentence: str) -> None:
    with pytest.raises(Failure) as raised:
        parse_filter(line)
    start, _, rest = sentence.replace('\\"', '"').partition(" .* ")
    assert str(raised.value).startswith(start)
    assert rest in str(raised.value)


def test_a_shell_has_separated_the_words() -> None:
    noted = replace(RUN, annotation=Annotation("it's a test"))
    assert filter_of(["note:it's a", "vm:guest1", "a test"]).matches(noted)
    assert filter_of(['note:"a test"', "", "-tag:x"]).matches(noted)
    with pytest.raises(Failure, match=r'"vm:a -tag:b" is one word for the shell\. Write each condition as a word'):
        filter_of(["vm:a -tag:b"])
    assert filter_of(["'guest1 vm:x'"]).words[0].value == "guest1 vm:x"
