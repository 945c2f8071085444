"""The NFS page: the steps that share the image folder, each on its host."""

from tui.checklist.screens.page import ListPage
from tui.nfs.backend.nfs import Nfs


class NfsPage(ListPage):
    """The checklist of the NFS room."""

    page = "nfs"
    HELP = (
        "The steps to an image folder that both hosts share: each line is one requirement on one host. "
        "Reading changes nothing, except that the proof writes a small file and removes it. f fixes the line "
        "under the cursor, a fixes all that is missing; both show the commands first. What a makes possible follows in "
        "the same run, and its output shows it. u undoes what the app did."
    )

    def __init__(self, nfs: Nfs) -> None:
        hosts = nfs.config.hosts
        order = (hosts.storage, hosts.source, hosts.destination)  # the setup begins on the storage server
        super().__init__(nfs.checklist, {host.name: host.ssh for host in order})
