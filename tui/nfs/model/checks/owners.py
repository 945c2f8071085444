"""Owners that NFS 4 loses on its way, because it maps them by name within a domain that each host configures."""

from tui.linux.folder import Folder
from tui.nfs.model.facts import ClientRead, NfsFacts, ServerRead

NOBODY = (65534, 4294967294)  # today and of older kernels


def lost_owner(here: Folder, there: Folder) -> str:
    """A sentence that the folder's owner on the server is nobody on this host; empty if it is not."""
    if here.uid not in NOBODY or there.uid in (-1, here.uid):
        return ""
    return f"this host shows {here.owner} ({here.uid}) as the owner, where the storage server has {there.owner}"


def idmap_hint(facts: NfsFacts, client: ClientRead) -> str:
    """How both hosts come to the same domain."""
    server = facts.server
    there = server.idmap_domain if isinstance(server, ServerRead) else ""
    here = client.idmap_domain
    known = f" It is {here} here and {there} on the storage server." if here and there and here != there else ""
    return (
        f"NFS 4 maps owners by name within one domain.{known} Set the same Domain in /etc/idmapd.conf on both hosts,"
        " then run: nfsidmap -c"
    )
