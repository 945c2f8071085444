"""Labs with more than two hosts that run VMs."""

from pathlib import Path

import pytest

from tui.app import config
from tui.core.failure import Failure
from tui.lab import size, userland
from tui.lab.config import text
from tui.lab.inventory import GUEST, HOSTS, MOST, STORAGE, addresses, hosts_of
from tui.lab.network import DHCP_FIRST, hosts_file
from tui.lab.place import Place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr("tui.lab.place.STATE", tmp_path)
    (tmp_path / "four").mkdir()
    return Place("four")


def test_a_lab_of_four_has_two_further_hosts() -> None:
    four = hosts_of(4)
    assert [host.name for host in four] == ["source", "destination", "host3", "host4", "storage"]
    assert four[-1] == STORAGE
    assert [host.name for host in four if host.hypervisor] == ["source", "destination", "host3", "host4"]


def test_no_two_hosts_of_the_largest_lab_have_the_same_address() -> None:
    most = hosts_of(MOST)
    found = [*addresses(most).values()]
    assert len(set(found)) == len(found) == MOST + 2
    assert len({*(host.mac for host in most), GUEST.mac}) == MOST + 2
    assert DHCP_FIRST not in found
    assert set(addresses(HOSTS).items()) <= set(addresses(most).items())
    assert "10.77.0.9 host8\n" in hosts_file(most)


def test_its_configuration_has_all_hosts(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text(tmp_path / "runs", hosts_of(4)))
    read = config.load(path)
    assert (read.hypervisors, read.storage_host, read.here) == (
        ("source", "destination", "host3", "host4"),
        "storage",
        "source",
    )


def test_the_number_is_chosen_once(place: Place) -> None:
    assert len(size.hosts(place)) == 3
    size.choose(place, 4)
    assert len(size.hosts(place)) == 5
    size.choose(place, 4)
    place.config.touch()
    size.choose(place, 4)
    with pytest.raises(Failure, match="exists with 4 hosts that run VMs"):
        size.choose(place, 2)


@pytest.mark.parametrize("text", ["1", "9", "-2", "two", ""])
def test_other_numbers_are_refused(text: str) -> None:
    with pytest.raises(Failure, match="is not a number of hosts"):
        size.parse(text)


def test_each_of_its_hosts_can_have_a_userland() -> None:
    assert userland.parse(["sid"], hosts_of(3)) == {"source": "sid", "destination": "sid", "host3": "sid"}
    with pytest.raises(Failure, match="'host3' cannot have a userland"):
        userland.parse(["host3=sid"])
