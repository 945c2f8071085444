"""Replies of the guest agent that are none."""

import pytest

from tui.core.failure import Failure
from tui.guest.model import agent


@pytest.mark.parametrize(
    "reply",
    ["", "null", "{}", "[" * 100_000, '{"return": null}', '{"return": {"pid": "8"}}', '{"return": {"pid": true}}'],
)
def test_an_invalid_reply_is_a_failure(reply: str) -> None:
    with pytest.raises(Failure, match="invalid reply"):
        agent.pid(reply)


@pytest.mark.parametrize("data", ['"\\ud800"', "5", "[1]"])
def test_output_that_is_not_base64_is_a_failure(data: str) -> None:
    with pytest.raises(Failure, match="invalid reply"):
        agent.completed(f'{{"return": {{"exited": true, "exitcode": 0, "out-data": {data}}}}}')
