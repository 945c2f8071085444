"""A lab with small VMs besides its guest: they boot, answer under their names, move, and go with the lab."""

import json
from collections.abc import Iterator

import pytest

from tests.lab.conftest import NAME
from tests.lab.labs import command, processes, until
from tui.lab.inventory import vms_of
from tui.lab.lab import Lab
from tui.lab.place import Place

VMS = vms_of(3)


@pytest.fixture(scope="module")
def small() -> Iterator[Lab]:
    lab = Lab(Place(f"{NAME}-vms"), print)
    lab.down()
    try:
        lab.up(small_vms=len(VMS), boot=True)
        yield lab
    finally:
        lab.down()


def listed(lab: Lab, host: str, *words: str) -> set[str]:
    return {*lab.machine(host).run(["virsh", "list", "--name", *words]).split()}


def test_each_answers_at_its_own_address(small: Lab) -> None:
    source = small.machine("source")
    for vm in VMS:
        until(lambda vm=vm: source.succeeds(["ssh", vm.name, "true"]))  # type: ignore[misc]
        answer = source.run(["ssh", vm.name, "hostname; ip -o address show dev eth0; cat /sys/class/net/eth0/address"])
        assert answer.splitlines()[0] == vm.name
        assert f" {vm.address}/" in answer
        assert vm.mac in answer


def test_what_one_writes_is_not_on_the_disk_of_another(small: Lab) -> None:
    source = small.machine("source")
    one, other = VMS[:2]
    source.run(["ssh", one.name, "echo mine > /root/mine; sync"])
    assert source.run(["ssh", one.name, "cat /root/mine"]) == "mine\n"
    assert not source.succeeds(["ssh", other.name, "test -e /root/mine"])


def test_one_moves_and_the_others_stay(small: Lab) -> None:
    words = ["migrate", VMS[0].name, "--to", "destination", "--technique", "pre-copy", "--json"]
    result = json.loads(small.machine("source").run(["vmlm-tui", *words], limit_s=600).splitlines()[-1])
    assert result["verified"] == f"{VMS[0].name} runs on destination and is gone from source."
    assert {vm.name for vm in VMS[1:]} <= listed(small, "source")
    assert listed(small, "destination", "--all") == {VMS[0].name}


def test_up_defines_a_lost_one_again_and_refuses_fewer(small: Lab) -> None:
    lost, source = VMS[2], small.machine("source")
    source.run(["virsh", "destroy", lost.name])
    source.run(["virsh", "undefine", lost.name])
    (small.place.images / lost.image).unlink()
    again = command("up", "--name", small.place.name)
    assert again.returncode == 0, again.stderr
    assert f"{lost.name}: defined on source" in again.stderr
    assert (small.place.images / lost.image).exists()
    assert lost.name in listed(small, "source", "--inactive")
    fewer = command("up", "--name", small.place.name, "--vms", "1")
    assert fewer.returncode == 1
    assert "has 3 small VMs" in fewer.stderr
    assert "of 3 small VMs" in command("status", "--name", small.place.name).stdout


def test_down_removes_them(small: Lab) -> None:
    small.down()
    assert not small.place.folder.exists()
    assert not processes(small)
