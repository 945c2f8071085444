"""The lab's config.toml: an ordinary one, so that the app above has no special case for the lab."""

from pathlib import Path

import tomli_w

from tui.lab.inventory import GUEST, HOSTS
from tui.lab.place import SHARED_FOLDER, STORAGE_FOLDER, USUAL_NAME, Place


def write(place: Place) -> None:
    """Writes the lab's configuration unless it is there: a person may have changed it."""
    if place.config.exists():
        return
    new = place.config.with_suffix(".new")
    runs = "runs" if place.name == USUAL_NAME else f"runs-{place.name}"  # labs side by side keep theirs apart
    new.write_text(text(Path.home() / ".local/state/vmlm" / runs))
    new.replace(place.config)


def text(runs: Path) -> str:
    """The configuration; runs are kept outside the lab, because they must outlive it."""
    return "# Written by `vmlm-tui lab up`; yours to change, gone with `vmlm-tui lab down`.\n" + tomli_w.dumps(
        {
            "hosts": {host.name: {"ssh": f"root@{host.name}"} for host in HOSTS},
            "storage": {"images": str(STORAGE_FOLDER), "export": str(SHARED_FOLDER)},
            "vm": {
                "name": GUEST.name,
                "vcpus": GUEST.vcpus,
                "memory": f"{GUEST.memory_mib // 1024} GiB",
                "ssh": f"root@{GUEST.name}",
            },
            "workload": {"cpu": {"threads": 2}, "memory": {"threads": 2, "size": "150 MiB", "rate": "0 MiB/s"}},
            "migration": {
                "technique": "post-copy-manual",
                "timeout": "25 s",
                "bandwidth": "0 MiB/s",
                "downtime": "300 ms",
            },
            "sampling": {"interval": "1 s"},
            "runs": {"folder": str(runs)},
        }
    )
