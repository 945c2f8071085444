"""JSON from files and hosts."""

import json
from typing import Any


def parsed(text: str) -> Any:
    """The value of a JSON text; ValueError if it is none, also for one that is nested too deeply."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
