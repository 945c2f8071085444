"""Asks libvirt for the best CPU that all of some hosts have in common."""

from collections.abc import Sequence

from tui.core.connections import Connections
from tui.core.failure import Failure, or_failure
from tui.core.protocols import Hypervisor
from tui.core.together import together
from tui.hosts.model.baseline import Baseline, nothing_in_common
from tui.vm.model.cpu import KVM, QEMU, features


async def baseline(connections: Connections, hosts: Sequence[str]) -> Baseline:
    """The baseline of the hosts, computed by the newest libvirt among them; raises Failure, also if one is unread.

    It is of KVM if all of them offer that, else of emulated CPUs.
    """
    own = await _cpus(connections, hosts, KVM)
    kind = KVM
    if any(isinstance(each, Failure) for each in own):
        emulated = await _cpus(connections, hosts, QEMU)
        failure = next((each for each in emulated if isinstance(each, Failure)), None)
        if failure is not None:
            raise failure
        own, kind = emulated, QEMU
    xmls = tuple(each for each in own if isinstance(each, str))
    daemons = await together(*(connections.query(host, lambda each: each.daemon()) for host in hosts))
    newest = max(zip(hosts, daemons, strict=True), key=lambda each: each[1].libvirt_version)[0]
    try:
        xml = await connections.query(newest, lambda each: each.baseline_cpu(xmls, kind))
    except Failure as failure:
        raise nothing_in_common(tuple(hosts), failure) from failure

    def compared(hypervisor: Hypervisor) -> str:
        return hypervisor.compare_cpu(xml, kind)

    def expanded(hypervisor: Hypervisor) -> list[frozenset[str]]:
        alone = ((each,) for each in (xml, *xmls))
        return [features(hypervisor.baseline_cpu(each, kind, expand_features=True)) for each in alone]

    verdicts = await together(*(connections.query(host, compared) for host in hosts))
    common, *each_has = await connections.query(newest, expanded)
    more = {host: tuple(sorted(has - common)) for host, has in zip(hosts, each_has, strict=True)}
    return Baseline(tuple(hosts), kind, xml, dict(zip(hosts, verdicts, strict=True)), more)


async def _cpus(connections: Connections, hosts: Sequence[str], kind: str) -> list[str | Failure]:
    """The CPU of each host as libvirt offers it to VMs of that kind."""
    queries = (connections.query(host, lambda each: each.cpu_xml(kind), kind) for host in hosts)
    return list(await together(*map(or_failure, queries)))
