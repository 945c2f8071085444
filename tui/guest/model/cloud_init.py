"""How far cloud-init has come in a guest: what it does at a first boot takes longer than the boot itself."""

import json
from dataclasses import dataclass

RUNNING = "running"


@dataclass(frozen=True)
class CloudInit:
    """Where there is none, it is over as well."""

    running: bool = False
    errors: tuple[str, ...] = ()


def parse_cloud_init(text: str) -> CloudInit:
    """What backend.guest's CLOUD_INIT printed: nothing, RUNNING, or cloud-init's own result.json or one like it."""
    if text.strip() == RUNNING:
        return CloudInit(running=True)
    try:
        found = json.loads(text)["v1"]["errors"]
    except (ValueError, TypeError, KeyError):
        return CloudInit()
    return CloudInit(errors=tuple(str(each) for each in found) if isinstance(found, list) else ())
