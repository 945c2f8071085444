"""Exports, mounts and lines of fstab that name the folder in other words, as real servers and clients have them."""

from dataclasses import replace

import pytest

from tests.unit.nfs.nfs_world import NFS, STEPS, but, folder, found, mounted, planned, world
from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, WARNING
from tui.core.settings import SOURCE, STORAGE
from tui.linux.change import AddLines, Command
from tui.linux.exports import parse_exports
from tui.nfs.model.checks.mount import UNMOUNT
from tui.nfs.model.facts import NfsFacts

RIGHT = "rw,sync,no_subtree_check,no_root_squash"
# Debian's nfs-kernel-server ships the two fsid=0 lines of /etc/exports as comments; many servers enable them.
PSEUDO_ROOT = f"""\
# Example for NFSv4:
/srv        192.0.2.0/24({RIGHT},fsid=0,crossmnt)
/srv/images 192.0.2.10({RIGHT},nohide) 192.0.2.11({RIGHT},nohide)
"""


def exported(text: str, facts: NfsFacts | None = None) -> NfsFacts:
    """The text is in /etc/exports and in effect."""
    return but(facts or world(), exports={"/etc/exports": text}, active=parse_exports(text, "/var/lib/nfs/etab"))


def mounts_it(facts: NfsFacts, source: str, fstab: str = "") -> NfsFacts:
    line = NFS.format("rw").replace("192.0.2.3:/srv/images", source)
    return but(facts, SOURCE, mounts=mounted(line), fstab=fstab or f"{source} /srv/images nfs4 defaults,_netdev 0 0\n")


@pytest.mark.parametrize(
    "source",
    ["192.0.2.3:/images", "192.0.2.3:/images/", "192.0.2.3://images", "192.0.2.3:/srv/images", "192.0.2.3:/./images"],
)
def test_below_a_pseudo_root_the_folder_is_known_under_its_short_path(source: str) -> None:
    facts = mounts_it(exported(PSEUDO_ROOT), source)
    assert found(facts, "source.mount").state == OK
    assert planned(facts, "source.mount") == []
    assert found(facts, "storage.exports").state == found(facts, "storage.active").state == OK


def test_below_a_pseudo_root_the_folder_is_mounted_by_its_short_path_and_unmounted_by_it() -> None:
    (add, _), _reload, (mount, unmount) = planned(exported(PSEUDO_ROOT), "source.mount")
    assert isinstance(add, AddLines)
    assert add.lines[0].split()[:2] == ["192.0.2.3:/images", "/srv/images"]
    assert isinstance(mount, Command)
    assert mount.argv[-2:] == ("192.0.2.3:/images", "/srv/images")
    assert unmount == (Command(SOURCE, ("sh", "-c", UNMOUNT, "sh", "192.0.2.3:/images", "/srv/images")),)


def test_the_folder_that_is_the_pseudo_root_itself_is_mounted_as_the_root() -> None:
    facts = exported(f"/srv/images 192.0.2.10({RIGHT},fsid=root) 192.0.2.11({RIGHT})\n")
    (add, _), *_ = planned(facts, "source.mount")
    assert isinstance(add, AddLines)
    assert add.lines[0].startswith("192.0.2.3:/ /srv/images ")
    assert found(mounts_it(facts, "192.0.2.3:/"), "source.mount").state == OK
    (other, _), *_ = planned(facts, "destination.mount")  # its clients have no pseudo-root
    assert isinstance(other, AddLines)
    assert other.lines[0].startswith("192.0.2.3:/srv/images ")


def test_a_folder_outside_the_pseudo_root_is_not_mounted_and_the_finding_names_the_line() -> None:
    facts = exported(f"/srv/nfs4 *(ro,fsid=0)\n/srv/images 192.0.2.10({RIGHT}) 192.0.2.11({RIGHT})\n")
    finding = found(facts, "storage.exports")
    assert finding.state == WARNING
    assert finding.found == (
        "line 1 of /etc/exports has fsid=0, so NFS 4 clients see nothing outside /srv/nfs4, and /srv/images is outside"
    )
    assert "storage.export" in finding.hint
    assert (found(facts, "source.mount").state, found(facts, "source.mount").found) == (FAILED, finding.found)
    assert STEPS["source.mount"].change(facts) == finding.found


@pytest.mark.parametrize("source", ["192.0.2.3://srv/images", "192.0.2.3:/srv//images/", "192.0.2.3:/srv/./images"])
@pytest.mark.parametrize("target", ["/srv/images", "/srv/images/", "//srv/images", "/srv/./images"])
def test_a_path_with_double_slashes_or_dots_is_the_same_path(source: str, target: str) -> None:
    facts = mounts_it(world(), source, f"{source} {target} nfs defaults 0 0\n")
    assert found(facts, "source.mount").state == OK
    assert planned(facts, "source.mount") == []


@pytest.mark.parametrize("path", ["//srv/images", "/srv/./images/", "/srv//images"])
def test_an_export_with_double_slashes_or_dots_is_the_same_export(path: str) -> None:
    facts = exported(f"{path} 192.0.2.10({RIGHT}) 192.0.2.11({RIGHT})\n")
    assert (found(facts, "storage.exports").state, planned(facts, "storage.exports")) == (OK, [])
    assert found(facts, "storage.active").state == OK


@pytest.mark.parametrize("written", ["/srv/images", "/data/vms"])
def test_an_export_through_a_symbolic_link_is_found_under_both_paths(written: str) -> None:
    """As exportfs does: /etc/exports may have the link, and its table has what the link leads to."""
    linked = but(world(), folder=replace(folder("/srv/images"), real="/data/vms"))
    line = f"{{}} 192.0.2.10({RIGHT}) 192.0.2.11({RIGHT})\n"
    facts = but(
        linked,
        exports={"/etc/exports": line.format(written)},
        active=parse_exports(line.format("/data/vms"), "/var/lib/nfs/etab"),
    )
    assert (found(facts, "storage.exports").state, planned(facts, "storage.exports")) == (OK, [])
    assert found(facts, "storage.active").state == OK
    (add, _), *_ = planned(facts, "source.mount")
    assert isinstance(add, AddLines)
    assert add.lines[0].startswith("192.0.2.3:/data/vms /srv/images ")
    for source in ("192.0.2.3:/data/vms", "192.0.2.3:/srv/images"):
        assert found(mounts_it(facts, source), "source.mount").state == OK


def test_another_folder_of_the_same_server_is_never_called_free_to_unmount() -> None:
    finding = found(mounts_it(world(), "192.0.2.3:/volume1/vms"), "source.mount")
    assert finding.found == "something else is mounted at /srv/images: 192.0.2.3:/volume1/vms (nfs4)"
    assert "umount" not in finding.hint
    assert "storage.images" in finding.hint


def test_an_unread_storage_server_leaves_the_configured_path() -> None:
    facts = world()
    alone = replace(facts, hosts={role: host for role, host in facts.hosts.items() if role != STORAGE})
    assert found(mounts_it(alone, "192.0.2.3://srv/images"), "source.mount").state == OK


def same_folder(parent: str, **server: object) -> NfsFacts:
    """The image folder is the exported one, below an exported parent."""
    facts = exported(f"{parent}\n/srv/images 192.0.2.10({RIGHT}) 192.0.2.11({RIGHT})\n")
    return but(facts, images=folder("/srv/images"), **server)


@pytest.mark.parametrize(
    ("parent", "words"),
    [
        ("/srv *(ro,fsid=0)", "exports /srv read-only"),
        ("/srv 192.0.2.0/24(rw,fsid=0,insecure,no_subtree_check,async,no_root_squash)", "exports /srv with async"),
        ("/ 192.0.2.11(rw)", "exports / with root_squash"),
    ],
)
def test_the_options_of_an_exported_parent_count_for_a_folder_that_is_no_mount_point(parent: str, words: str) -> None:
    finding = found(same_folder(parent), "storage.exports")
    assert (finding.state, f"line 1 of /etc/exports {words}, and that counts for NFS 4" in finding.found) == (
        WARNING,
        True,
    )


@pytest.mark.parametrize(
    ("parent", "line"),
    [
        (f"/srv 192.0.2.10({RIGHT},fsid=0) 192.0.2.11({RIGHT})", ""),
        ("/srv 192.0.2.99(ro)", ""),
        ("/data *(ro)", ""),
        ("/srv *(ro)", "21 20 8:1 /data/images /srv/images rw - ext4 /dev/sda1 rw"),  # the app's bind mount
        ("/ *(ro)", "21 20 8:2 / /srv rw - xfs /dev/sdb1 rw"),  # another file system
    ],
)
def test_a_parent_that_does_not_count_is_not_reported(parent: str, line: str) -> None:
    assert found(same_folder(parent, mounts=mounted(*filter(None, [line]))), "storage.exports").state == OK


def test_an_image_folder_that_is_exported_itself_needs_no_other_folder_on_the_server() -> None:
    """As a NAS does: it exports /data/images, and the clients mount that at the path of the VMs' disks."""
    facts = exported(f"/data/images 192.0.2.10({RIGHT})\n")
    assert found(facts, "storage.bind").state == NOT_NEEDED
    ((add, _),) = planned(facts, "storage.exports")
    assert isinstance(add, AddLines)
    assert add.lines == (f"/data/images 192.0.2.11({RIGHT})",)
    facts = exported(f"/data/images 192.0.2.10({RIGHT}) 192.0.2.11({RIGHT})\n")
    assert (found(facts, "storage.exports").state, found(facts, "storage.active").state) == (OK, OK)
    assert found(mounts_it(facts, "192.0.2.3:/data/images"), "source.mount").state == OK
    (line, _), *_ = planned(facts, "source.mount")
    assert isinstance(line, AddLines)
    assert line.lines[0].startswith("192.0.2.3:/data/images /srv/images ")


def test_the_folder_of_the_app_comes_before_the_image_folder_if_both_are_exported() -> None:
    facts = exported(f"/data/images *(ro)\n/srv/images 192.0.2.10({RIGHT}) 192.0.2.11({RIGHT})\n")
    assert found(facts, "storage.bind").state == FAILED  # it is not mounted there yet
    assert found(facts, "storage.exports").state == OK


BIND = "21 20 8:1 /data/images /srv/images rw - ext4 /dev/sda1 rw"


@pytest.mark.parametrize(
    ("line", "mount", "state"),
    [
        (f"/srv 192.0.2.10({RIGHT}) 192.0.2.11({RIGHT})", "", OK),
        (f"/ 192.0.2.10({RIGHT}) 192.0.2.11({RIGHT})", "", OK),
        (f"/srv 192.0.2.0/24({RIGHT},crossmnt)", BIND, WARNING),  # exported to more hosts
        (f"/srv 192.0.2.10({RIGHT}) 192.0.2.11({RIGHT})", BIND, FAILED),  # clients would see an empty folder
        ("/srv 192.0.2.10(ro) 192.0.2.11(ro)", "", FAILED),
        (f"/srv 192.0.2.10({RIGHT})", "", FAILED),
    ],
)
def test_an_exported_parent_is_enough_if_it_contains_the_folder(line: str, mount: str, state: str) -> None:
    facts = but(exported(f"{line}\n"), mounts=mounted(*filter(None, [mount])))
    assert found(facts, "storage.exports").state == state
    assert (planned(facts, "storage.exports") == []) == (state != FAILED)
    assert (found(facts, "storage.active").state == OK) == (state != FAILED)
