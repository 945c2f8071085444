"""The NFS page: how the images come to be shared, step by step on the host where each belongs."""

from tui.checklist.screens.page import ListPage
from tui.nfs.backend.nfs import Nfs


class NfsPage(ListPage):
    """Made of the NFS room."""

    page = "nfs"
    HELP = (
        "The way to a folder of images that both hosts see: each line is one thing that must be so, on one host. "
        "Looking changes nothing but for the proof, which writes a small file and removes it again. f fixes the line "
        "under the cursor and a all that is missing, both after showing every command; u takes back what was done."
    )

    def __init__(self, nfs: Nfs) -> None:
        hosts = nfs.config.hosts
        # The storage server first: it is where the set-up begins.
        super().__init__(
            nfs.checklist, {host.name: host.ssh for host in (hosts.storage, hosts.source, hosts.destination)}
        )
