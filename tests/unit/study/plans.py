"""Plan files that the tests of a study share."""

from typing import Any

SMALL: dict[str, Any] = {
    "name": "small",
    "vms": ["guest1"],
    "repeats": 2,
    "seed": 7,
    "warm_up": 0,
    "settle": "0 s",
    "baseline": "0 s",
    "recovery": "0 s",
    "rest": "0 s",
    "limit": "1 min",
    "stop_after": 2,
    "workload": {"idle": {}, "memory": {"threads": 2, "size": "150 MiB", "rate": ["0 MiB/s", "50 MiB/s"]}},
    "migration": {
        "plain": {"technique": "pre-copy"},
        "late": {"technique": "post-copy-timeout", "timeout": "9 s", "workloads": "memory"},
    },
}


def changed(**keys: Any) -> dict[str, Any]:
    """SMALL with other values; None removes a key."""
    return {key: value for key, value in {**SMALL, **keys}.items() if value is not None}
