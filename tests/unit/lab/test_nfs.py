"""A lab whose storage host is a machine in QEMU: which lab can have it, and what differs in it."""

from dataclasses import replace
from pathlib import Path

import pytest

from tui.app.config import load
from tui.core.failure import Failure
from tui.lab import config, disk, lab, nfs, userland
from tui.lab.debian import Image
from tui.lab.inventory import BOX, GUEST, MOST, MOST_VMS, SOURCE, STORAGE, addresses, hosts_of, vms_of
from tui.lab.machine import Machine
from tui.lab.network import DHCP_FIRST
from tui.lab.place import NFS_FOLDER, SHARED_FOLDER, Place

# Of a kernel with the module loaded, and of one without: the second column is the type.
LOADED = "nodev\tsysfs\n\text4\nnodev\tnfs\nnodev\tnfs4\n"
NOT_LOADED = "nodev\tsysfs\n\text4\nnodev\tnfsd\nnodev\trpc_pipefs\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr("tui.lab.place.STATE", tmp_path)
    (tmp_path / "shared").mkdir()
    return Place("shared")


@pytest.fixture
def with_nfs(place: Place) -> Place:
    place.nfs.write_text("/cache/debian-1")
    return place


@pytest.mark.parametrize(("filesystems", "known"), [(LOADED, True), (NOT_LOADED, False), ("", False)])
def test_the_servers_module_is_not_taken_for_the_clients(filesystems: str, known: bool) -> None:
    assert nfs.client_known(filesystems) is known


def test_a_lab_that_exists_keeps_its_storage_host(place: Place) -> None:
    with pytest.raises(Failure, match="exists, and its storage host is no NFS server"):
        nfs.choose(place, print, exists=True)
    assert not place.nfs.exists()


def test_a_lab_with_nfs_may_be_asked_for_it_again(with_nfs: Place) -> None:
    said: list[str] = []
    nfs.choose(with_nfs, said.append, exists=True)
    assert with_nfs.nfs.read_text() == "/cache/debian-1"
    assert said == ([] if nfs.mountable() else [nfs.NO_CLIENT])


def test_hosts_of_another_release_have_no_nfs_client(place: Place) -> None:
    userland.choose(place, {"source": "sid"})
    with pytest.raises(Failure, match="a lab with sid on source can't have NFS"):
        nfs.choose(place, print, exists=False)


def test_the_namespace_has_an_address_of_its_own() -> None:
    taken = {*addresses(hosts_of(MOST), vms_of(MOST_VMS)).values(), DHCP_FIRST}
    assert BOX.address not in taken
    assert BOX.mac not in {host.mac for host in hosts_of(MOST)}


def test_only_the_storage_host_is_elsewhere_in_the_network(with_nfs: Place) -> None:
    assert Machine(with_nfs, STORAGE).link == BOX
    assert Machine(with_nfs, SOURCE).link == SOURCE
    with_nfs.nfs.unlink()
    assert Machine(with_nfs, STORAGE).link == STORAGE


def test_only_hypervisors_have_a_folder_to_mount_in(with_nfs: Place) -> None:
    assert Machine(with_nfs, SOURCE).nfs_folder == with_nfs.host("source") / "nfs"
    assert Machine(with_nfs, STORAGE).nfs_folder is None
    with_nfs.nfs.unlink()
    assert Machine(with_nfs, SOURCE).nfs_folder is None


def test_the_exported_folder_is_not_the_one_that_the_hosts_share_anyway(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(config.text(tmp_path / "runs", nfs=True))
    export = Path(load(file).storage.export)
    assert NFS_FOLDER in export.parents
    assert export != SHARED_FOLDER
    file.write_text(config.text(tmp_path / "runs"))
    assert load(file).storage.export == str(SHARED_FOLDER)


def test_the_namespace_serves_the_guests_disks() -> None:
    assert f"<host name='{BOX.address}' port='{GUEST.nbd_port}'/>" in disk.over_nbd(GUEST, BOX.address)


def test_the_machine_has_the_storage_hosts_address_and_keeps_the_image_of_its_disk(with_nfs: Place) -> None:
    qemu = nfs.Server(Machine(with_nfs, STORAGE)).qemu
    assert (qemu.address, qemu.image) == (STORAGE.address, Image(Path("/cache/debian-1")))
    words = " ".join(replace(qemu, folder=Path("/x")).argv())
    assert f"ip={STORAGE.address}:::255.255.255.0::eth0:none" in words
    assert "-kernel /cache/debian-1/vmlinuz -initrd /cache/debian-1/initrd" in words
    assert "file=/x/storage.qcow2" in words


def test_the_cache_stays_while_the_machine_of_a_lab_runs_from_it(
    with_nfs: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab, "STATE", tmp_path)
    monkeypatch.setattr(lab, "CACHE", tmp_path / "cache")
    (tmp_path / "cache").mkdir()
    with pytest.raises(Failure, match="in use by lab 'shared': its storage host runs from it"):
        lab.purge()
    with_nfs.nfs.unlink()
    lab.purge()
    assert not (tmp_path / "cache").exists()
