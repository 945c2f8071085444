"""Capabilities of a daemon that are not XML."""

from collections.abc import Callable
from typing import Any

import pytest

from tui.adapters.libvirt.hypervisor import LibvirtHypervisor
from tui.core.failure import Failure
from tui.vm.model.cpu import Cpu
from tui.vm.model.domain_xml import DomainSpec, domain_xml


class Daemon:
    """A connection that answers each question with one text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def getCapabilities(self) -> str:
        return self._text

    def getDomainCapabilities(self, *_: Any) -> str:
        return self._text


@pytest.mark.parametrize("text", ["", "<capabilities>", "\ud800", "no XML"])
@pytest.mark.parametrize(
    "call", [LibvirtHypervisor.daemon, LibvirtHypervisor.machine_types, lambda host: host.cpu_xml("kvm")]
)
def test_capabilities_that_are_not_xml_are_a_failure(call: Callable[[LibvirtHypervisor], object], text: str) -> None:
    with pytest.raises(Failure, match="libvirt's answer is not XML"):
        call(LibvirtHypervisor("test:///default", Daemon(text)))


@pytest.mark.parametrize("text", ["<cpu>", "\ud800", "no XML"])
def test_a_cpu_that_is_not_xml_is_a_failure(text: str) -> None:
    with pytest.raises(Failure, match="not XML"):
        domain_xml(DomainSpec("guest1", 2, 1 << 30, "/srv/guest1.qcow2", cpu_xml=text))
    with pytest.raises(Failure, match="not XML"):
        _ = Cpu(text).model
