"""The steps of the Hosts list in their order."""

from tui.checklist.model.step import Step
from tui.hosts.model.checks.basic import clock, disk, kvm, libvirt, login, root
from tui.hosts.model.checks.fit import fit_steps
from tui.hosts.model.checks.migration import ports, userfaultfd
from tui.hosts.model.checks.names import names, own_name
from tui.hosts.model.checks.network import network
from tui.hosts.model.checks.release import release
from tui.hosts.model.checks.software import daemon, lists, member, programs
from tui.hosts.model.checks.ssh import ssh_steps
from tui.hosts.model.facts import Configured, HostsFacts


def all_steps(known: Configured) -> tuple[Step[HostsFacts], ...]:
    """The whole list for the configured hosts; each step is about one host, or about one and another."""
    hypervisors = known.hypervisors
    away = [host for host in known.hosts if host != known.here]
    return (
        *map(login, away),
        *map(root, known.hosts),
        *(release(known, host) for host in hypervisors),
        *(step for host in hypervisors for step in (lists(host), programs(host), daemon(host), member(host))),
        *map(libvirt, hypervisors),
        *map(own_name, hypervisors),
        *map(names, known.hosts),
        *(step for host in hypervisors for step in ssh_steps(known, host)),
        *(ports(known, start, end) for start, end in known.pairs),
        *map(userfaultfd, reversed(hypervisors)),
        *(step for start, end in known.compared for step in fit_steps(known, start, end)),
        *map(network, hypervisors),
        *map(kvm, hypervisors),
        *(clock(host, known.here) for host in away),
        *map(disk, filter(None, [known.storage])),
    )
