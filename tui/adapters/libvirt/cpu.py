"""CPUs and machine types through libvirt: those of the hypervisor, or of the host if the driver has no such call."""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import libvirt

from tui.vm.model.cpu import IDENTICAL, INCOMPATIBLE, SUPERSET
from tui.vm.model.xml_tree import tree_of

T = TypeVar("T")

VERDICTS = {
    libvirt.VIR_CPU_COMPARE_INCOMPATIBLE: INCOMPATIBLE,
    libvirt.VIR_CPU_COMPARE_IDENTICAL: IDENTICAL,
    libvirt.VIR_CPU_COMPARE_SUPERSET: SUPERSET,
}


def machine_types(connection: Any) -> tuple[str, ...]:
    """The machine types of x86-64, in libvirt's order."""
    capabilities = tree_of(connection.getCapabilities(), "The machine types can't be read")
    found = capabilities.findall("guest[os_type='hvm']/arch[@name='x86_64']//machine")
    return tuple(dict.fromkeys(each.text or "" for each in found))


def best(connection: Any, virtualization: str) -> str:
    """libvirt's "host-model" CPU as XML; the host's own CPU if the driver has no host-model, "" if none is known."""
    what = "The CPU of the host can't be read"
    domain = tree_of(connection.getDomainCapabilities(None, None, None, virtualization), what)
    model = domain.find("cpu/mode[@name='host-model'][@supported='yes']")
    if model is not None:
        cpu = ET.Element("cpu", mode="custom", match="exact")
        cpu.extend(list(model))
        return ET.tostring(cpu, encoding="unicode")
    own = tree_of(connection.getCapabilities(), what).find("host/cpu")
    return "" if own is None else ET.tostring(own, encoding="unicode").strip()


def compare(connection: Any, xml: str, virtualization: str) -> str:
    """IDENTICAL, SUPERSET (the host has more features) or INCOMPATIBLE, for a CPU in XML."""
    verdict = _supported(
        lambda: connection.compareHypervisorCPU(None, None, None, virtualization, xml),
        lambda: connection.compareCPU(xml),
    )
    return VERDICTS.get(verdict, INCOMPATIBLE)


def baseline(connection: Any, xmls: Sequence[str], virtualization: str, expand_features: bool) -> str:
    """The best CPU that all of these have in common, as XML."""
    flags = libvirt.VIR_CONNECT_BASELINE_CPU_MIGRATABLE  # without it the CPU may have invtsc, which blocks migration
    if expand_features:
        flags |= libvirt.VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES
    return _supported(
        lambda: str(connection.baselineHypervisorCPU(None, None, None, virtualization, list(xmls), flags)),
        lambda: str(connection.baselineCPU(list(xmls), flags)),
    )


def _supported(call: Callable[[], T], fallback: Callable[[], T]) -> T:
    """The result of `call`, or of `fallback` if the driver does not support it."""
    try:
        return call()
    except libvirt.libvirtError as error:
        if error.get_error_code() not in (libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_CONFIG_UNSUPPORTED):
            raise
    return fallback()
