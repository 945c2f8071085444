"""The calls about what a host has for VMs, and what a definition does not show."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import libvirt
import pytest

from tui.adapters.libvirt.hypervisor import LibvirtHypervisor
from tui.core.failure import Failure
from tui.core.vm import Inventory, VmFacts


def refusal(code: int, words: str = "no") -> libvirt.libvirtError:
    error = libvirt.libvirtError(words)
    error.err = (code, 0, words, 2, "", "", "", 0, 0)
    return error


class Connection:
    """libvirt's connection and its only domain; an exception in `answers` is raised."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def lookupByName(self, name: str) -> "Connection":
        assert name == "guest1"
        return self

    def __getattr__(self, call: str) -> Callable[..., Any]:
        answer = self.answers[call]

        def reply(*arguments: Any) -> Any:
            found = answer(*arguments) if callable(answer) else answer
            if isinstance(found, Exception):
                raise found
            return found

        return reply


def host(**answers: Any) -> LibvirtHypervisor:
    return LibvirtHypervisor("test:///default", Connection(**answers))


def test_pools_secrets_and_capabilities_are_listed() -> None:
    gone = refusal(libvirt.VIR_ERR_NO_STORAGE_POOL)
    pools = [Connection(XMLDesc="<pool/>"), Connection(XMLDesc=gone)]
    secrets = [SimpleNamespace(UUIDString=lambda: "uuid-1")]
    found = host(listAllStoragePools=pools, listAllSecrets=secrets, getDomainCapabilities="<x/>").inventory()
    assert found == Inventory(("<pool/>",), ("uuid-1",), "<x/>")


@pytest.mark.parametrize("code", [libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_NO_CONNECT])
def test_a_daemon_without_these_drivers_has_none(code: int) -> None:
    no = refusal(code)
    assert host(listAllStoragePools=no, listAllSecrets=no, getDomainCapabilities=no).inventory() == Inventory()


def test_snapshots_and_block_jobs_are_listed() -> None:
    jobs = {"vda": {}, "vdb": {"type": 2}, "vdc": refusal(libvirt.VIR_ERR_OPERATION_INVALID), "vdd": {"type": 99}}
    snapshots = [SimpleNamespace(getName=lambda: "before-upgrade")]
    busy = host(listAllSnapshots=snapshots, blockJobInfo=lambda disk, _: jobs[disk])
    found = VmFacts(("before-upgrade",), (("vdb", "copy"), ("vdd", "unknown")))
    assert busy.vm_facts("guest1", tuple(jobs)) == found


def test_a_locked_vm_is_a_failure() -> None:
    locked = host(listAllSnapshots=[], blockJobInfo=refusal(libvirt.VIR_ERR_OPERATION_TIMEOUT, "Timed out"))
    with pytest.raises(Failure, match="The snapshots and block jobs of guest1 could not be read"):
        locked.vm_facts("guest1", ("vda",))


WORDS = "the CPU is incompatible with host CPU: Host CPU does not provide required features: erms, vaes"


@pytest.mark.parametrize(
    ("answer", "lacks"),
    [
        (2, ""),
        (refusal(libvirt.VIR_ERR_CPU_INCOMPATIBLE, WORDS), "erms, vaes"),
        (refusal(libvirt.VIR_ERR_CPU_INCOMPATIBLE, "another vendor"), "libvirt does not name them"),
        (refusal(libvirt.VIR_ERR_NO_SUPPORT), ""),
    ],
)
def test_the_features_that_a_host_lacks_are_named(answer: object, lacks: str) -> None:
    assert host(compareHypervisorCPU=answer).cpu_lacks("<cpu/>", "kvm") == lacks


def test_a_cpu_that_libvirt_can_not_read_is_a_failure() -> None:
    with pytest.raises(Failure, match="CPUs could not be compared"):
        host(compareHypervisorCPU=refusal(libvirt.VIR_ERR_XML_ERROR)).cpu_lacks("", "kvm")
