"""The messages between the runner and its clients: one JSON object a line, over a unix socket.

Request: {"id": 1, "do": "start", "with": {...}}. Reply: {"id": 1, "result": ...} or {"id": 1, "failure": {...}}.
Notice, without a request: {"notice": "records", ...}. The first request is "hello" with the version of the protocol.
A refused hello has "ends": true if the runner ends now, so that the client can start one of its own version.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

from tui.core.failure import Failure

PROTOCOL = 1  # raised when a message changes its meaning or is removed
HELLO = "hello"
LONGEST_REQUEST = 1 << 20  # bytes of a line, also its newline
LONGEST_REPLY = 64 << 20

Message = dict[str, Any]


class Stopped(Failure):
    """The runner has ended, or cut the connection."""


def encode(message: Mapping[str, Any]) -> bytes:
    """The message as a line; ValueError if it has a number that is not finite, which JSON has no word for."""
    return json.dumps(message, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def decode(line: bytes) -> Message:
    """The message of a line; Failure if it has none."""
    try:
        message = json.loads(line, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise Failure("A message of the runner's protocol is not JSON", str(error)) from error
    if not isinstance(message, dict):
        raise Failure("A message of the runner's protocol is not an object", f"it is {type(message).__name__}")
    return message


def request_of(message: Message) -> tuple[int, str, Message]:
    """The id, the action and the parameters of a request; Failure if it is none."""
    number, action, parameters = message.get("id"), message.get("do"), message.get("with", {})
    if type(number) is not int or not isinstance(action, str) or not isinstance(parameters, dict):
        raise Failure("A request to the runner is malformed", 'it has no "id", "do" and "with"')
    return number, action, parameters


def failure_fields(failure: Failure) -> dict[str, str]:
    """A Failure as JSON."""
    return {"what": failure.what, "why": failure.why, "hint": failure.hint, "detail": failure.detail}


def failure_of(fields: object) -> Failure:
    """The Failure of such JSON."""
    if not isinstance(fields, dict):
        return Failure("The runner reported a failure without a reason")
    what, why, hint, detail = (str(fields.get(name, "")) for name in ("what", "why", "hint", "detail"))
    return Failure(what, why, hint, detail=detail)


def other_version(theirs: object, version: object, ours: str) -> Failure | None:
    """Why a peer with another version of the protocol cannot be served; None if it can."""
    if theirs == PROTOCOL:
        return None
    return Failure(
        "The runner in the background is of another version of vmlm-tui",
        f"one is {ours} (protocol {PROTOCOL}), the other {version} (protocol {theirs})",
        "It ends by itself when its migrations are over; until then, use the version that started it.",
    )


def _refuse(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number")
    return number
