"""Compares the CPUs of two hosts, in libvirt's XML and names."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass

from tui.core.failure import Failure

IDENTICAL, SUPERSET, INCOMPATIBLE = "identical", "superset", "incompatible"
KVM, QEMU = "kvm", "qemu"  # a domain's type: accelerated, emulated


@dataclass(frozen=True)
class Cpu:
    """The CPU that a host offers to VMs: libvirt's XML and the names of all features."""

    xml: str
    features: frozenset[str] = frozenset()

    @property
    def model(self) -> str:
        """libvirt's name of the CPU model."""
        return ET.fromstring(self.xml).findtext("model", "")  # noqa: S314 - XML of our own daemon


@dataclass(frozen=True)
class CpuFit:
    """The source's CPU compared by the destination's libvirt: the verdict, both CPUs, and one that runs on both.

    `virtualization` is KVM or QEMU; `common` is "" if libvirt proposes none. `vm` is the verdict on the CPU of the VM,
    "" if its definition names no model.
    """

    virtualization: str
    verdict: str
    source: Cpu
    destination: Cpu
    common: str = ""
    vm: str = ""

    @property
    def lacking(self) -> tuple[str, ...]:
        """Features that only the source's CPU has."""
        return tuple(sorted(self.source.features - self.destination.features))

    @property
    def more(self) -> tuple[str, ...]:
        """Features that only the destination's CPU has; they matter on the way back."""
        return tuple(sorted(self.destination.features - self.source.features))


def features(xml: str) -> frozenset[str]:
    """The features of a CPU definition that lists all of them; Failure if it is not XML."""
    try:
        root = ET.fromstring(xml)  # noqa: S314 - XML of our own daemon
    except (ET.ParseError, UnicodeEncodeError) as error:
        raise Failure("The CPU that libvirt computed can't be read", f"it is not XML: {error}", detail=xml) from error
    return frozenset(
        each.get("name", "") for each in root.iter("feature") if each.get("policy") not in ("disable", "forbid")
    )


def summary(names: Sequence[str], most: int = 6) -> str:
    """The first `most` names and the number of the others: "a, b and 3 more"."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
