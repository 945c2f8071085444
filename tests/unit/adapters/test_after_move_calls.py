"""The calls for a VM that has moved: its autostart, and the announcement of its network cards."""

import json
from typing import Any

import libvirt
import libvirt_qemu
import pytest

from tui.adapters.libvirt.hypervisor import LibvirtHypervisor
from tui.core.failure import Failure
from tui.core.protocols import BY_LIBVIRT, BY_MONITOR


class Connection:
    """libvirt's connection and its only domain."""

    def __init__(self) -> None:
        self.kind, self.libvirt, self.qemu = "QEMU", 11_003_000, 10_000_002
        self.on = 0
        self.announced: list[tuple[Any, ...]] = []
        self.error: libvirt.libvirtError | None = None

    def lookupByName(self, name: str) -> "Connection":
        assert name == "guest1"
        return self

    def getType(self) -> str:
        return self.kind

    def getLibVersion(self) -> int:
        return self.libvirt

    def getVersion(self) -> int:
        return self.qemu

    def autostart(self) -> int:
        return self.on

    def setAutostart(self, on: int) -> int:
        if self.error:
            raise self.error
        self.on = on
        return 0

    def announceInterface(self, device: str | None, params: dict[str, int], flags: int = 0) -> int:
        self.announced.append((device, params, flags))
        return 0


@pytest.fixture
def connection() -> Connection:
    return Connection()


@pytest.fixture
def hypervisor(connection: Connection) -> LibvirtHypervisor:
    return LibvirtHypervisor("qemu:///system", connection)


@pytest.fixture
def binding_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libvirt.virDomain, "announceInterface", Connection.announceInterface, raising=False)


def test_autostart_is_read_and_set(connection: Connection, hypervisor: LibvirtHypervisor) -> None:
    assert hypervisor.autostart("guest1") is False
    hypervisor.set_autostart("guest1", True)
    assert (hypervisor.autostart("guest1"), connection.on) == (True, 1)


def test_a_transient_vm_has_no_autostart(connection: Connection, hypervisor: LibvirtHypervisor) -> None:
    connection.error = libvirt.libvirtError("cannot set autostart for transient domain")
    with pytest.raises(Failure, match="The autostart of guest1 could not be set"):
        hypervisor.set_autostart("guest1", True)


@pytest.mark.parametrize(
    ("libvirt_version", "expected"), [(12_005_000, BY_LIBVIRT), (12_008_000, BY_LIBVIRT), (12_004_000, BY_MONITOR)]
)
@pytest.mark.usefixtures("binding_has_it")
def test_libvirts_call_is_used_from_its_version_on(
    connection: Connection, hypervisor: LibvirtHypervisor, libvirt_version: int, expected: str
) -> None:
    connection.libvirt = libvirt_version
    assert hypervisor.announce_by() == expected


def test_a_library_without_the_call_needs_the_monitor(
    connection: Connection, hypervisor: LibvirtHypervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(libvirt.virDomain, "announceInterface", raising=False)
    connection.libvirt = 12_008_000
    assert hypervisor.announce_by() == BY_MONITOR


@pytest.mark.parametrize(("kind", "version"), [("QEMU", 3_001_000), ("Xen", 4_017_000), ("TEST", 2)])
def test_a_daemon_may_be_able_to_do_neither(
    connection: Connection, hypervisor: LibvirtHypervisor, kind: str, version: int
) -> None:
    connection.kind, connection.qemu = kind, version
    assert hypervisor.announce_by() == ""


def test_all_cards_are_announced_by_libvirt(connection: Connection, hypervisor: LibvirtHypervisor) -> None:
    hypervisor.announce("guest1", BY_LIBVIRT)
    assert connection.announced == [(None, {}, 0)]


def test_qemu_receives_announce_self(
    connection: Connection, hypervisor: LibvirtHypervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[Any, ...]] = []

    def monitor(domain: Connection, command: str, flags: int) -> str:
        sent.append((domain, json.loads(command)["execute"], flags))
        return '{"return":{},"id":"libvirt-401"}'

    monkeypatch.setattr(libvirt_qemu, "qemuMonitorCommand", monitor)
    hypervisor.announce("guest1", BY_MONITOR)
    assert (sent, connection.announced) == ([(connection, "announce-self", 0)], [])


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ('{"error":{"class":"CommandNotFound","desc":"The command announce-self has not been found"}}', "not been f"),
        ("garbage", "QEMU's reply is invalid"),
        ("[]", "QEMU's reply is invalid"),
    ],
)
def test_an_error_in_qemus_reply_is_a_failure(
    hypervisor: LibvirtHypervisor, monkeypatch: pytest.MonkeyPatch, reply: str, why: str
) -> None:
    monkeypatch.setattr(libvirt_qemu, "qemuMonitorCommand", lambda *_arguments: reply)
    with pytest.raises(Failure, match=why):
        hypervisor.announce("guest1", BY_MONITOR)
