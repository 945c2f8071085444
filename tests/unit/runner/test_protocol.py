"""The lines between the runner and its clients."""

import json
import math

import pytest

from tui.core.failure import Failure
from tui.runner import protocol
from tui.runner.protocol import PROTOCOL, decode, encode, failure_fields, failure_of, other_version, request_of

MESSAGES = [
    {"id": 1, "do": "start", "with": {"plan": {"vm": "guest1", "timeout_s": 25.0}, "expected": ""}},
    {"id": 1, "result": None},
    {"notice": "records", "run": "r", "lines": ['{"kind": "key", "t": 1}', "a\u2028b\nc\x85d"]},
    {"vm": "[bold]x[/] \x1b[31m 仮想機械 \udc80"},
]


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_reads_back_as_it_was_written(message: dict[str, object]) -> None:
    assert decode(encode(message)) == message


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_is_one_line(message: dict[str, object]) -> None:
    line = encode(message)
    assert line.endswith(b"\n")
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize(
    "line",
    [b"", b"\n", b"{", b'{"id": 1', b"\xff\xfe\n", b"[" * 100_000, b'{"a": NaN}', b'{"a": -Infinity}', b'{"a": 1e999}'],
)
def test_a_line_that_is_not_json_is_a_failure(line: bytes) -> None:
    with pytest.raises(Failure, match="is not JSON"):
        decode(line)


@pytest.mark.parametrize("line", [b"null", b"[]", b"1", b'"hello"', b"true"])
def test_a_line_that_is_not_an_object_is_a_failure(line: bytes) -> None:
    with pytest.raises(Failure, match="is not an object"):
        decode(line)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_does_not_have_is_never_sent(number: float) -> None:
    """The other side would refuse the line, and end the connection."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode({"zero": number})


def test_a_request_has_a_number_an_action_and_parameters() -> None:
    assert request_of({"id": 7, "do": "find", "with": {"a": 1}}) == (7, "find", {"a": 1})
    assert request_of({"id": 7, "do": "find"}) == (7, "find", {})


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"id": 1},
        {"do": "find"},
        {"id": "1", "do": "find"},
        {"id": True, "do": "find"},
        {"id": 1.0, "do": "find"},
        {"id": 1, "do": None},
        {"id": 1, "do": "find", "with": []},
        {"id": 1, "do": "find", "with": None},
    ],
)
def test_a_malformed_request_is_a_failure(message: dict[str, object]) -> None:
    with pytest.raises(Failure, match="malformed"):
        request_of(message)


def test_a_failure_keeps_all_of_its_texts() -> None:
    read = failure_of(json.loads(json.dumps(failure_fields(Failure("what", "why", "hint", detail="detail")))))
    assert (read.what, read.why, read.hint, read.detail) == ("what", "why", "hint", "detail")


@pytest.mark.parametrize("fields", [None, [], "text", {}, {"what": None, "why": 1}])
def test_a_malformed_failure_is_still_one(fields: object) -> None:
    assert isinstance(failure_of(fields), Failure)


def test_the_same_protocol_is_served_whatever_the_version_of_the_program() -> None:
    assert other_version(PROTOCOL, "0.3.0", "0.2.0") is None


@pytest.mark.parametrize("theirs", [PROTOCOL + 1, 0, None, "1", [], {"a": 1}])
def test_another_protocol_gets_a_sentence_with_both_versions(theirs: object) -> None:
    failure = other_version(theirs, "9.9", "0.2.0")
    assert failure is not None
    assert failure.what == "The runner in the background is of another version of vmlm-tui"
    assert failure.why == f"one is 0.2.0 (protocol {protocol.PROTOCOL}), the other 9.9 (protocol {theirs})"
    assert failure.hint
