"""The best CPU that a group of hosts has in common, for VMs that are to run on all of them."""

from dataclasses import dataclass, field

from tui.core.failure import Failure
from tui.vm.model.cpu import INCOMPATIBLE, summary
from tui.vm.model.xml_tree import tree_of

NUMBERS = ("none", "one", "both", "all three", "all four", "all five", "all six", "all seven", "all eight", "all nine")


@dataclass(frozen=True)
class Baseline:
    """libvirt's baseline of the CPUs of `hosts`: its XML, and what each host's libvirt compared it to.

    `virtualization` is KVM or QEMU of vm.model.cpu.
    """

    hosts: tuple[str, ...]
    virtualization: str
    xml: str
    verdicts: dict[str, str] = field(default_factory=dict)
    more: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by host, the features that VMs with it lack there

    @property
    def model(self) -> str:
        """libvirt's name of the model; "" if it is defined by features alone."""
        return tree_of(self.xml, "The CPU that libvirt computed can't be read").findtext("model", "").strip()

    @property
    def changes(self) -> tuple[str, ...]:
        """The features that the model is given or denied, as in "+pcid", "-avx2"."""
        root = tree_of(self.xml, "The CPU that libvirt computed can't be read")
        denied = ("disable", "forbid")
        signs = ((each, "-" if each.get("policy") in denied else "+") for each in root.iter("feature"))
        return tuple(f"{sign}{each.get('name')}" for each, sign in signs)

    @property
    def without(self) -> tuple[str, ...]:
        """The hosts on which a VM with this CPU does not run, by their libvirt's own comparison."""
        return tuple(host for host in self.hosts if self.verdicts.get(host) == INCOMPATIBLE)

    @property
    def sentence(self) -> str:
        """ "EPYC with 3 features changed: a VM with this CPU runs on all six." """
        count = len(self.changes)
        changed = f" with {count} feature{'s' * (count != 1)} changed" if count else ""
        name = f"{self.model or 'A CPU without a model'}{changed}"
        if self.without:
            return f"{name}: {' and '.join(self.without)} can't run a VM with this CPU."
        return f"{name}: a VM with this CPU runs on {every(len(self.hosts))}."

    @property
    def besides(self) -> list[str]:
        """A sentence for each host that has more than this CPU, which VMs with it do not use there."""
        return [f"{host} also has {summary(names)}." for host, names in self.more.items() if names]


def every(count: int) -> str:
    """ "both", "all six", "all 12": that many hosts together."""
    return "it" if count == 1 else NUMBERS[count] if count < len(NUMBERS) else f"all {count}"


def nothing_in_common(hosts: tuple[str, ...], failure: Failure) -> Failure:
    """The Failure where libvirt finds no CPU for all of them."""
    hint = "Choose fewer hosts, such as those of one vendor in a group of their own."
    return Failure(f"{', '.join(hosts)} have no CPU in common", failure.reason, hint, detail=failure.detail)
