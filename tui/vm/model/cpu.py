"""Compares the CPUs of two hosts, in libvirt's XML and names."""

from collections.abc import Sequence
from dataclasses import dataclass

from tui.vm.model.xml_tree import tree_of

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
        return tree_of(self.xml, "The CPU of the host can't be read").findtext("model", "")


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
    root = tree_of(xml, "The CPU that libvirt computed can't be read")
    return frozenset(
        each.get("name", "") for each in root.iter("feature") if each.get("policy") not in ("disable", "forbid")
    )


def summary(names: Sequence[str], most: int = 6) -> str:
    """The first `most` names and the number of the others: "a, b and 3 more"."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
