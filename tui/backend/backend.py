"""All of the backend that the pages are given, in one hand."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.backend.hosts import Hosts
    from tui.backend.launch import Launch
    from tui.backend.migrations import Migrations
    from tui.backend.nfs import Nfs
    from tui.backend.runs import Runs


@dataclass(frozen=True)
class Backend:
    """One part a page; made once the configuration is known."""

    migrations: "Migrations"
    hosts: "Hosts"
    nfs: "Nfs"
    launch: "Launch"
    runs: "Runs"
