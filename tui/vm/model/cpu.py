"""CPUs of two hosts beside each other: what the one has that the other lacks, in libvirt's XML and names."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass

from tui.core.failure import Failure

IDENTICAL, SUPERSET, INCOMPATIBLE = "identical", "superset", "incompatible"
KVM, QEMU = "kvm", "qemu"  # a domain's type: accelerated, emulated


@dataclass(frozen=True)
class Cpu:
    """A CPU that a VM can be given on a host: libvirt's XML of it, and all its features by name."""

    xml: str
    features: frozenset[str] = frozenset()

    @property
    def model(self) -> str:
        return ET.fromstring(self.xml).findtext("model", "")  # noqa: S314 - our own daemon's word


@dataclass(frozen=True)
class CpuFit:
    """The source's CPU put to the destination's libvirt: its verdict, both CPUs, and one that runs on both.

    `virtualization` is KVM or QEMU; `common` is "" where libvirt knows none. `vm` is the verdict on the VM's own CPU,
    "" where it names none or takes the host's.
    """

    virtualization: str
    verdict: str
    source: Cpu
    destination: Cpu
    common: str = ""
    vm: str = ""

    @property
    def lacking(self) -> tuple[str, ...]:
        """What the source's CPU has and the destination's has not."""
        return tuple(sorted(self.source.features - self.destination.features))

    @property
    def more(self) -> tuple[str, ...]:
        """What only the destination's has: no trouble on the way there, but on the way back."""
        return tuple(sorted(self.destination.features - self.source.features))


def features(xml: str) -> frozenset[str]:
    """The features that a CPU definition with all of them spelled out has; Failure where it is no XML."""
    try:
        root = ET.fromstring(xml)  # noqa: S314 - our own daemon's word
    except (ET.ParseError, UnicodeEncodeError) as error:
        raise Failure("The CPU that libvirt computed can't be read", f"it is not XML: {error}", detail=xml) from error
    return frozenset(
        each.get("name", "") for each in root.iter("feature") if each.get("policy") not in ("disable", "forbid")
    )


def summary(names: Sequence[str], most: int = 6) -> str:
    """Some of the names and how many there are besides: a list of a hundred helps nobody."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
