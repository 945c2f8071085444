"""CPUs and machine types through libvirt: by the hypervisor's own knowledge where it has any, else by the host's."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Any

import libvirt

from tui.vm.model.cpu import IDENTICAL, INCOMPATIBLE, SUPERSET

# -1 is an error, which libvirt's binding raises.
VERDICTS = {
    libvirt.VIR_CPU_COMPARE_INCOMPATIBLE: INCOMPATIBLE,
    libvirt.VIR_CPU_COMPARE_IDENTICAL: IDENTICAL,
    libvirt.VIR_CPU_COMPARE_SUPERSET: SUPERSET,
}


def machine_types(connection: Any) -> tuple[str, ...]:
    """All of x86-64, in the order of libvirt."""
    capabilities = ET.fromstring(connection.getCapabilities())  # noqa: S314 - our own daemon's word
    found = capabilities.findall("guest[os_type='hvm']/arch[@name='x86_64']//machine")
    return tuple(dict.fromkeys(each.text or "" for each in found))


def best(connection: Any, virtualization: str) -> str:
    """What libvirt gives a VM that asks for "host-model"; the host's own CPU where the driver knows no such thing."""
    domain = ET.fromstring(connection.getDomainCapabilities(None, None, None, virtualization))  # noqa: S314
    model = domain.find("cpu/mode[@name='host-model'][@supported='yes']")
    if model is not None:
        cpu = ET.Element("cpu", mode="custom", match="exact")
        cpu.extend(list(model))
        return ET.tostring(cpu, encoding="unicode")
    own = ET.fromstring(connection.getCapabilities()).find("host/cpu")  # noqa: S314
    return "" if own is None else ET.tostring(own, encoding="unicode").strip()


def compare(connection: Any, xml: str, virtualization: str) -> str:
    """The verdict on a CPU."""
    try:
        verdict = connection.compareHypervisorCPU(None, None, None, virtualization, xml)
    except libvirt.libvirtError as error:
        if error.get_error_code() not in (libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_CONFIG_UNSUPPORTED):
            raise
        verdict = connection.compareCPU(xml)
    return VERDICTS.get(verdict, INCOMPATIBLE)


def baseline(connection: Any, xmls: Sequence[str], virtualization: str, spelled_out: bool) -> str:
    """The best CPU in common."""
    flags = libvirt.VIR_CONNECT_BASELINE_CPU_MIGRATABLE  # else invtsc stays in it, with which QEMU does not migrate
    if spelled_out:
        flags |= libvirt.VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES
    try:
        return str(connection.baselineHypervisorCPU(None, None, None, virtualization, list(xmls), flags))
    except libvirt.libvirtError as error:
        if error.get_error_code() not in (libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_CONFIG_UNSUPPORTED):
            raise
        return str(connection.baselineCPU(list(xmls), flags))
