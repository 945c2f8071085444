"""The backends of all pages."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.hosts.backend.hosts import Hosts
    from tui.launch.backend.launch import Launch
    from tui.migration.backend.migrations import Migrations
    from tui.nfs.backend.nfs import Nfs
    from tui.runs.backend import Runs


@dataclass(frozen=True)
class Backend:
    """The backend of each page; it exists once the configuration is known."""

    migrations: "Migrations"
    hosts: "Hosts"
    nfs: "Nfs"
    launch: "Launch"
    runs: "Runs"
