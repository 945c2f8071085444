"""The small VMs of a lab: their number, names, addresses and definitions."""

import re
from pathlib import Path

import pytest

from tui.core.failure import Failure
from tui.lab import disk, vms
from tui.lab.domain import definition
from tui.lab.inventory import GUEST, HOSTS, MOST, MOST_VMS, addresses, hosts_of, vms_of
from tui.lab.keys import known_hosts, make_keys
from tui.lab.network import DHCP_FIRST, hosts_file
from tui.lab.place import Place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr("tui.lab.place.STATE", tmp_path)
    (tmp_path / "many").mkdir()
    return Place("many")


def test_no_two_of_the_largest_lab_share_an_address_a_port_or_a_disk() -> None:
    small = vms_of(MOST_VMS)
    found = [*addresses(hosts_of(MOST), small).values()]
    assert len(set(found)) == len(found) == MOST + 1 + 1 + MOST_VMS
    assert DHCP_FIRST not in found
    for guests in ({each.mac for each in small}, {each.nbd_port for each in small}, {each.image for each in small}):
        assert len(guests) == MOST_VMS
    assert GUEST.mac not in {each.mac for each in small}
    assert GUEST.nbd_port not in {each.nbd_port for each in small}


def test_a_lab_gets_more_vms_and_never_fewer(place: Place) -> None:
    assert vms.chosen(place) == ()
    vms.choose(place, 2)
    vms.choose(place, 8)
    assert [vm.name for vm in vms.chosen(place)] == [f"vm{number}" for number in range(1, 9)]
    with pytest.raises(Failure, match="lab 'many' has 8 small VMs: `lab up` adds VMs and removes none"):
        vms.choose(place, 2)


@pytest.mark.parametrize("text", [str(MOST_VMS + 1), "-1", "eight", ""])
def test_other_numbers_are_refused(text: str) -> None:
    with pytest.raises(Failure, match="is not a number of VMs"):
        vms.parse(text)


def test_each_has_a_definition_of_its_own() -> None:
    vm = vms_of(8)[-1]
    xml = definition(disk.in_folder(vm, direct_io=True), vm, accelerated=False)
    assert "<name>vm8</name>" in xml
    assert "<memory unit='MiB'>128</memory>" in xml
    assert "vmlm.name=vm8 vmlm.address=10.77.0.18/24" in xml
    assert re.findall(r"images/(\S+)'", xml) == ["vm8.qcow2"]
    assert GUEST.name not in xml


def test_the_storage_host_serves_each_disk_on_a_port_of_its_own() -> None:
    vm = vms_of(2)[-1]
    assert f"port='{vm.nbd_port}'" in disk.over_nbd(vm)
    assert f"--port={vm.nbd_port} " in disk.serve(vm)
    assert "--export-name=vm2 " in disk.serve(vm)
    assert "/run/qemu-nbd-vm2.pid" in disk.is_served(vm)


def test_the_hosts_know_their_names_and_the_host_key_of_their_common_initrd(place: Place) -> None:
    vms.choose(place, 2)
    make_keys(place)
    assert "10.77.0.12 vm2\n" in hosts_file(HOSTS, vms.chosen(place))
    keys = {line.split(" ")[0]: line.split(" ")[2] for line in known_hosts(place).splitlines()}
    assert keys["vm1,10.77.0.11"] == keys["vm2,10.77.0.12"] == keys[f"{GUEST.name},{GUEST.address}"]
    assert keys["source,10.77.0.1"] != keys["vm1,10.77.0.11"]
