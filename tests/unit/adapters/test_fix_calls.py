"""The calls that mend what keeps a VM from migrating, with libvirt's flags."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import libvirt
import pytest

from tests.unit.adapters.test_inventory_calls import host, refusal
from tui.core.failure import Failure


class Recorder:
    """Notes the arguments of each call."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def __call__(self, *arguments: Any) -> int:
        self.calls.append(arguments)
        return 0


LIVE, CONFIG = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG


@pytest.mark.parametrize(
    ("live", "config", "force", "flags"),
    [
        (True, False, False, LIVE),
        (False, True, False, CONFIG),
        (True, True, True, LIVE | CONFIG | libvirt.VIR_DOMAIN_DEVICE_MODIFY_FORCE),
    ],
)
def test_a_device_is_changed_where_it_is_wanted(live: bool, config: bool, force: bool, flags: int) -> None:
    update = Recorder()
    host(updateDeviceFlags=update).update_device("guest1", "<disk/>", live=live, config=config, force=force)
    assert update.calls == [("<disk/>", flags)]


def test_a_device_is_detached() -> None:
    detach = Recorder()
    host(detachDeviceFlags=detach).detach_device("guest1", "<shmem/>", live=True, config=False)
    assert detach.calls == [("<shmem/>", LIVE)]


def test_the_next_definition_has_passwords_and_is_empty_for_a_transient_vm() -> None:
    xml = Recorder()
    assert host(XMLDesc=xml, isPersistent=0).next_definition("guest1") == ""
    assert host(XMLDesc=lambda flags: f"<domain flags='{flags}'/>", isPersistent=1).next_definition("guest1") == (
        f"<domain flags='{libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE}'/>"
    )
    assert xml.calls == []


def test_snapshots_are_read_parents_first_with_their_passwords() -> None:
    def listed(flags: int) -> list[SimpleNamespace]:
        assert flags == libvirt.VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL
        return [SimpleNamespace(getName=lambda: "one", getXMLDesc=lambda flags: f"<domainsnapshot flags='{flags}'/>")]

    found = host(listAllSnapshots=listed).snapshot_definitions("guest1")
    assert found == {"one": f"<domainsnapshot flags='{libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE}'/>"}


def test_only_the_metadata_of_a_snapshot_is_deleted() -> None:
    delete = Recorder()
    names: dict[str, SimpleNamespace] = {"one": SimpleNamespace(delete=delete)}
    host(snapshotLookupByName=names.__getitem__).forget_snapshot("guest1", "one")
    assert delete.calls == [(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY,)]


def test_a_block_job_and_a_backup_are_aborted() -> None:
    block, backup = Recorder(), Recorder()
    host(blockJobAbort=block).abort_block_job("guest1", "vda")
    host(abortJob=backup).abort_backup("guest1")
    assert (block.calls, backup.calls) == ([("vda",)], [()])


REFUSED = refusal(libvirt.VIR_ERR_OPERATION_INVALID, "tray is locked")


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: host(updateDeviceFlags=REFUSED).update_device("guest1", "", live=True, config=False), "changed"),
        (lambda: host(detachDeviceFlags=REFUSED).detach_device("guest1", "", live=True, config=False), "detached"),
        (lambda: host(listAllSnapshots=REFUSED).snapshot_definitions("guest1"), "could not be read"),
        (lambda: host(snapshotLookupByName=REFUSED).forget_snapshot("guest1", "one"), "snapshot one of guest1"),
        (lambda: host(blockJobAbort=REFUSED).abort_block_job("guest1", "vda"), "block job of guest1"),
        (lambda: host(abortJob=REFUSED).abort_backup("guest1"), "backup of guest1"),
        (lambda: host(isPersistent=REFUSED).next_definition("guest1"), "definition of guest1"),
    ],
)
def test_a_refusal_is_a_failure_that_names_the_call(call: Callable[[], object], what: str) -> None:
    with pytest.raises(Failure, match=what):
        call()
