"""Any number of hosts in a configuration: which run VMs, which one the app runs on, and where a VM can go."""

from typing import Any

import pytest

from tests.fake_hosts import FakeHypervisor, FakeShell
from tui.app import config
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.protocols import Shell
from tui.core.settings import Config


def configured(server: str = "", /, **hosts: str) -> Config:
    """A configuration with these hosts; the value is the libvirt URI, "" for the default."""
    tables: dict[str, Any] = {"vm": {"name": "guest1"}, "hosts": {}}
    for name, libvirt in hosts.items():
        tables["hosts"][name] = {"ssh": f"root@{name}"} | ({"libvirt": libvirt} if libvirt else {})
    if server:
        tables["storage"] = {"host": server}
    read, problems = config.check(tables)
    assert read, problems
    return read


AWAY = "qemu+ssh://root@source/system"


@pytest.mark.parametrize(
    ("found", "hypervisors", "here", "home", "storage"),
    [
        (configured(source=""), ("source",), "source", "source", ""),
        (configured(kvm1=""), ("kvm1",), "", "kvm1", ""),
        (configured(source="", destination="", storage=""), ("source", "destination"), "source", "source", "storage"),
        (configured(storage="", destination="", source=""), ("source", "destination"), "source", "source", "storage"),
        (configured("nas", nas="", kvm1="", kvm2="qemu:///system"), ("kvm1", "kvm2"), "kvm2", "kvm2", "nas"),
        (configured("kvm1", kvm1="", kvm2="", storage=""), ("kvm2", "storage"), "", "kvm2", "kvm1"),
        (configured(source=AWAY, kvm2=""), ("source", "kvm2"), "", "source", ""),
    ],
)
def test_each_host_has_its_part(
    found: Config, hypervisors: tuple[str, ...], here: str, home: str, storage: str
) -> None:
    assert (found.hypervisors, found.here, found.home, found.storage_host) == (hypervisors, here, home, storage)
    assert [each.name for each in found.machines] == [*hypervisors, *([storage] if storage else [])]


@pytest.mark.parametrize(
    ("found", "opened"),
    [
        (configured(source="", kvm2=""), ["", "root@kvm2"]),
        (configured(source=AWAY, kvm2=""), ["root@source", "root@kvm2"]),
        (configured(kvm1="", kvm2="qemu:///system"), ["root@kvm1", ""]),
    ],
)
def test_commands_go_over_ssh_to_all_hosts_but_the_one_of_the_app(found: Config, opened: list[str]) -> None:
    addresses: list[str] = []

    def open_shell(address: str) -> Shell:
        addresses.append(address)
        return FakeShell()

    connections = Connections(found, FakeHypervisor, open_shell)
    for host in found.hypervisors:
        connections.shell(host)
    assert addresses == opened


def test_a_vm_can_go_to_all_other_hosts() -> None:
    five = configured(a="", b="", c="", d="", e="")
    assert five.targets("c") == ("a", "b", "d", "e")
    assert five.target("c", "e") == "e"
    assert configured(source="", destination="").target("source") == "destination"


@pytest.mark.parametrize(
    ("found", "origin", "to", "sentence"),
    [
        (configured(a=""), "a", "", "a is the only host. Add another one to the configuration."),
        (configured(a="", b="", c=""), "b", "", "the host that it goes to was not chosen. The hosts are a, c."),
        (configured(a="", b="", c=""), "b", "b", "it is there already. The other hosts are a, c."),
        (configured(a="", storage=""), "a", "storage", "a is the only host."),
        (configured(a="", b="", storage=""), "a", "storage", "there is no such host. The other hosts are b."),
    ],
)
def test_where_it_cannot_go_is_a_sentence(found: Config, origin: str, to: str, sentence: str) -> None:
    with pytest.raises(Failure) as refused:
        found.target(origin, to)
    assert sentence in str(refused.value)
