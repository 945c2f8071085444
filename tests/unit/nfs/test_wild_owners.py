"""Owners that NFS does not carry over, and locks of a host that has died."""

from dataclasses import replace

import pytest

from tests.fake_hosts import answered
from tests.unit.nfs.nfs_world import ROLES
from tests.unit.nfs.test_sharing import GOOD, IMAGE, NFS_MOUNT, found, world
from tui.checklist.model.check import FAILED, OK, WARNING
from tui.core.settings import DESTINATION, SOURCE, STORAGE
from tui.linux.qemu_conf import QemuConf
from tui.nfs.model.checks.image import parse_images
from tui.nfs.model.facts import NfsFacts, QemuUser, Shared
from tui.nfs.model.proof import USER
from tui.nfs.model.script import parse_client

SHARED = Shared(ROLES, "storage", "/data", "/srv/images", "vm1")


def owned(uid: int, here: str, domains: tuple[str, str] = ("", ""), there: int = 0) -> NfsFacts:
    """The folder's owner as the source and as the storage server show it, and their idmap domains."""
    facts = world()
    client, server = facts.hosts[SOURCE], facts.hosts[STORAGE]
    client = replace(client, folder=replace(client.folder, uid=uid, owner=here), idmap_domain=domains[0])  # type: ignore[union-attr, type-var]
    server = replace(  # type: ignore[type-var]
        server,
        images=replace(server.images, uid=there, owner="root:root"),  # type: ignore[union-attr]
        idmap_domain=domains[1],
    )
    return replace(facts, hosts={**facts.hosts, SOURCE: client, STORAGE: server})


# `ls -n` of clients whose idmapd has another domain: 65534 today, 4294967294 with older kernels.
@pytest.mark.parametrize(("uid", "owner"), [(4294967294, "UNKNOWN:UNKNOWN"), (65534, "nobody:nogroup")])
def test_a_lost_owner_is_explained_by_the_domains_of_idmapd(uid: int, owner: str) -> None:
    finding = found(owned(uid, owner, ("example.org", "lan")), "source.listing")
    assert finding.state == WARNING
    assert finding.found == (
        f"the same 0 files, but this host shows {owner} ({uid}) as the owner, where the storage server has root:root"
    )
    assert finding.hint == (
        "NFS 4 maps owners by name within one domain. It is example.org here and lan on the storage server."
        " Set the same Domain in /etc/idmapd.conf on both hosts, then run: nfsidmap -c"
    )


@pytest.mark.parametrize(("uid", "there"), [(0, 0), (65534, 65534), (-1, 0), (65534, -1), (1000, 0)])
def test_an_owner_that_is_the_same_or_unknown_is_right(uid: int, there: int) -> None:
    assert found(owned(uid, "x:x", there=there), "source.listing").state == OK


def test_the_owner_and_the_domain_are_read_from_the_output_of_a_host() -> None:
    stat = "real /srv/images\nmode 755\nowner UNKNOWN:UNKNOWN\nuid 4294967294\nkind directory\nspace 9 4096 7 7\n"
    client = parse_client(answered(folder=stat, idmap="lan\n"), SHARED, SOURCE)
    assert (client.folder.is_folder, client.folder.uid, client.idmap_domain) == (True, 4294967294, "lan")
    image = "real /srv/images/a\nmode 600\nowner nobody:nogroup\nuid 65534\nfree\n"
    (read,) = parse_images(("/srv/images/a",), answered(**{"image.0": image}))
    assert (read.owner, read.uid, read.locked) == ("nobody:nogroup", 65534, False)


def test_an_image_of_nobody_is_not_to_be_given_to_qemu() -> None:
    facts = world(qemu=QemuUser("libvirt-qemu", 64055), qemu_conf=QemuConf(dynamic_ownership=False))
    lost = replace(IMAGE, owner="nobody:nogroup", uid=65534)
    finding = found(replace(facts, images={SOURCE: (lost,), DESTINATION: (lost,)}), "source.image")
    assert (finding.state, "Domain in /etc/idmapd.conf" in finding.hint) == (FAILED, True)
    finding = found(replace(facts, images={SOURCE: (IMAGE,), DESTINATION: (IMAGE,)}), "source.image")
    assert finding.hint == "On the storage server: chown 64055 on the image."


INVALID = "chown: changing ownership of '/srv/images/.vmlm-proof-1f': Invalid argument"
SQUASHED = "chown: changing ownership of '/srv/images/.vmlm-proof-1f': Operation not permitted"


@pytest.mark.parametrize(
    ("error", "words", "hint"),
    [(INVALID, "does not know that user by name", "idmapd.conf"), (SQUASHED, "root is squashed", "no_root_squash")],
)
def test_an_owner_that_can_not_be_set_is_explained_by_the_words_of_chown(error: str, words: str, hint: str) -> None:
    finding = found(replace(world(), proof=replace(GOOD, creator=USER, owner_error=error)), "source.write")
    assert (finding.state, words in finding.found, hint in finding.hint) == (WARNING, True, True)


@pytest.mark.parametrize(
    ("version", "words"),
    [("3", "a host that has died keeps its locks until it starts again"), ("4.2", "keeps its locks for up to 90 s")],
)
def test_a_lock_that_nobody_holds_may_be_of_a_host_that_has_died(version: str, words: str) -> None:
    facts = world(NFS_MOUNT.replace("vers=4.2", f"vers={version}"))
    locked = replace(IMAGE, locked=True)
    finding = found(replace(facts, images={SOURCE: (locked,), DESTINATION: (locked,)}), "source.single")
    assert (finding.state, words in finding.hint) == (WARNING, True)
