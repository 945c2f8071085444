"""The progress of cloud-init in a guest; at the first boot it takes longer than the boot itself."""

from dataclasses import dataclass

from tui.core.json_text import parsed

RUNNING = "running"


@dataclass(frozen=True)
class CloudInit:
    """Whether cloud-init still runs, and its errors; a guest without cloud-init has neither."""

    running: bool = False
    errors: tuple[str, ...] = ()


def parse_cloud_init(text: str) -> CloudInit:
    """Parses the output of backend.guest's CLOUD_INIT: nothing, RUNNING, or JSON in the form of result.json."""
    if text.strip() == RUNNING:
        return CloudInit(running=True)
    try:
        found = parsed(text)["v1"]["errors"]
    except (ValueError, TypeError, KeyError):
        return CloudInit()
    return CloudInit(errors=tuple(str(each) for each in found) if isinstance(found, list) else ())
