"""The lab's config.toml: an ordinary one, so that the app needs no special case for the lab."""

from collections.abc import Iterable
from pathlib import Path

import tomli_w

from tui.lab import size
from tui.lab.inventory import GUEST, HOSTS, Host
from tui.lab.place import DEFAULT_NAME, NFS_FOLDER, SHARED_FOLDER, STORAGE_FOLDER, Place


def write(place: Place) -> None:
    """Writes the lab's configuration; an existing one stays because the user may have changed it."""
    if place.config.exists():
        return
    new = place.config.with_suffix(".new")
    new.write_text(text(runs_folder(place), size.hosts(place), nfs=place.nfs.exists()))
    new.replace(place.config)


def runs_folder(place: Place) -> Path:
    """The folder of the records of a lab's migrations, which outlives the lab; each lab has its own."""
    runs = "runs" if place.name == DEFAULT_NAME else f"runs-{place.name}"
    return Path.home() / ".local/state/vmlm" / runs


def text(runs: Path, hosts: Iterable[Host] = HOSTS, *, nfs: bool = False) -> str:
    """The text of the configuration; the runs are stored outside the lab because they must outlive it."""
    export = NFS_FOLDER / "images" if nfs else SHARED_FOLDER
    return "# Written by `vmlm-tui lab up`. You may change it; `vmlm-tui lab down` removes it.\n" + tomli_w.dumps(
        {
            "hosts": {host.name: {"ssh": f"root@{host.name}"} for host in hosts},
            "storage": {"images": str(STORAGE_FOLDER), "export": str(export)},
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
