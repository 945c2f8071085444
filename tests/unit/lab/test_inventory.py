"""The hosts of a lab, its paths, its guest, and the configuration for the app."""

import re
from pathlib import Path

import pytest

from tui.app.config import load
from tui.core.failure import Failure
from tui.lab import config, disk
from tui.lab.domain import definition
from tui.lab.inventory import DESTINATION, GUEST, HOSTS, SOURCE, STORAGE
from tui.lab.lab import Lab
from tui.lab.place import STATE, STORAGE_FOLDER, Place


def test_a_lab_has_three_hosts_and_two_of_them_run_guests() -> None:
    assert [host.name for host in HOSTS] == ["source", "destination", "storage"]
    assert [host for host in HOSTS if host.hypervisor] == [SOURCE, DESTINATION]
    assert HOSTS[-1] is STORAGE


def test_all_addresses_are_different() -> None:
    assert len({*(host.address for host in HOSTS), GUEST.address}) == 4
    assert len({*(host.mac for host in HOSTS), GUEST.mac}) == 4


@pytest.mark.parametrize("name", ["", "..", "a/b", "-a", "A", "ä", "a b", "a\n", "a" * 33, "~"])
def test_a_name_that_could_escape_the_labs_folder_is_refused(name: str) -> None:
    with pytest.raises(Failure, match="cannot be a lab's name"):
        Place(name)


def test_all_files_of_a_lab_are_in_its_own_folder() -> None:
    one, other = Place("one"), Place("one-more")
    mine = STATE / "one"
    for path in (one.images, one.key, one.config, one.link_rate, one.host("source"), one.host_key("source")):
        assert mine in path.parents
        assert other.folder not in path.parents
    assert one.lock != other.lock


def test_an_unknown_host_is_refused_with_the_names_of_the_hosts() -> None:
    with pytest.raises(Failure) as unknown:
        Lab(Place("one"), print).machine("nowhere")
    assert str(unknown.value) == "the lab has no host 'nowhere'. Its hosts are source, destination, storage."


def test_the_app_accepts_the_labs_configuration(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(config.text(tmp_path / "runs"))
    read = load(file)
    assert read.vm.name == GUEST.name
    assert read.vm.memory_bytes == GUEST.memory_mib * 2**20
    assert [read.hosts["source"].ssh, read.hosts["storage"].ssh] == ["root@source", "root@storage"]


def test_the_guests_disk_bypasses_the_page_cache_if_the_folder_supports_it() -> None:
    """Otherwise libvirt refuses the migration as unsafe unless it knows that the file system is shared."""
    assert "cache='none'" in disk.in_folder(direct_io=True)
    assert "cache='writeback'" in disk.in_folder(direct_io=False)


def test_a_served_disk_is_a_network_disk_without_a_file_that_libvirt_could_call_unsafe() -> None:
    xml = definition(disk.over_nbd(), accelerated=False)
    assert re.findall("<disk [^>]*>", xml) == ["<disk type='network' device='disk'>"]
    assert f"<source protocol='nbd' name='{GUEST.name}'>" in xml
    assert f"<host name='{STORAGE.name}' port='{GUEST.nbd_port}'/>" in xml
    assert "<driver name='qemu' type='raw' cache='none' " in xml  # the server reads the qcow2
    assert ".qcow2" not in xml


def test_the_storage_host_exports_the_guests_image_under_the_name_in_the_guests_xml() -> None:
    assert f"--export-name={GUEST.name} {STORAGE_FOLDER}/{GUEST.name}.qcow2" in disk.serve(GUEST)


def test_the_guest_uses_the_hosts_cpu_only_with_kvm() -> None:
    assert "<domain type='kvm'>" in definition("", accelerated=True)
    assert "host-passthrough" in definition("", accelerated=True)
    assert "<domain type='qemu'>" in definition("", accelerated=False)
    assert "host-passthrough" not in definition("", accelerated=False)
