"""The NFS page: the steps that share the image folder, each on its host."""

from tui.checklist.screens.page import ListPage
from tui.nfs.backend.nfs import Nfs

NO_SERVER = (
    "The configuration names no storage server, so no share is checked: add [hosts.storage], or name a host as "
    "host in [storage]."
)


class NfsPage(ListPage):
    """The checklist of the NFS room."""

    page = "nfs"
    HELP = (
        "The steps to an image folder that the hosts share: each line is one requirement on one host. "
        "Reading changes nothing, except that the proof writes a small file and removes it. f fixes the line "
        "under the cursor, a fixes all that is missing; both show the commands first. What a makes possible follows in "
        "the same run, and its output shows it. u undoes what the app did."
    )

    def __init__(self, nfs: Nfs) -> None:
        *hypervisors, storage = nfs.config.machines if nfs.config.storage_host else (*nfs.config.machines, None)
        order = [*([storage] if storage else []), *hypervisors]  # the setup begins on the storage server
        super().__init__(nfs.checklist, {host.name: host.ssh for host in order if host})
        self._no_server = storage is None

    def first(self) -> str:
        """Why the list is empty, if the configuration names no storage server."""
        return NO_SERVER if self._no_server else super().first()
