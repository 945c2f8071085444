"""Messages between the runner in the background and its clients."""

import json

from tests.fuzz.inputs import json_lines, reads, texts
from tui.core.plan import Plan
from tui.migration.backend.messages import from_fields
from tui.runner import protocol

REQUESTS = (
    {"id": 0, "do": "hello", "with": {"protocol": protocol.PROTOCOL, "version": "0.2.0", "config": "/etc/vmlm.toml"}},
    {"id": 1, "do": "start", "with": {"plan": {"vm": "guest1", "technique": "pre-copy", "timeout_s": 25.0}}},
    {"id": 2, "failure": {"what": "It failed", "why": "x", "hint": "", "detail": ""}},
)


def answer(line: str) -> None:
    """A message as the server and the client read it."""
    message = protocol.decode(line.encode(errors="surrogatepass"))
    str(protocol.failure_of(message.get("failure")))
    number, action, parameters = protocol.request_of(message)
    protocol.encode({"id": number, "do": action, "with": parameters})
    protocol.other_version(parameters.get("protocol"), parameters.get("version"), "0.2.0")
    from_fields(Plan, parameters.get("plan"))


def test_a_damaged_message_is_read_or_refused() -> None:
    reads(texts(*map(json.dumps, REQUESTS)), answer)


def test_a_message_with_odd_values_is_read_or_refused() -> None:
    reads(json_lines(*([each] for each in REQUESTS)), answer)
