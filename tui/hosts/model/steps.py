"""The steps of the Hosts list in their order."""

from tui.checklist.model.step import Step
from tui.core.settings import DESTINATION, HYPERVISORS, OTHER, STORAGE
from tui.hosts.model.checks.basic import clock, disk, kvm, libvirt, login, root
from tui.hosts.model.checks.fit import fit_steps
from tui.hosts.model.checks.migration import ports, userfaultfd
from tui.hosts.model.checks.names import names, own_name
from tui.hosts.model.checks.network import network
from tui.hosts.model.checks.release import release
from tui.hosts.model.checks.software import daemon, lists, member, programs
from tui.hosts.model.checks.ssh import ssh_steps
from tui.hosts.model.facts import ALL, HostsFacts

STEPS: tuple[Step[HostsFacts], ...] = (
    *map(login, (DESTINATION, STORAGE)),
    *map(root, ALL),
    *map(release, HYPERVISORS),
    *(step for host in HYPERVISORS for step in (lists(host), programs(host), daemon(host), member(host))),
    *map(libvirt, HYPERVISORS),
    *map(own_name, HYPERVISORS),
    *map(names, ALL),
    *(step for host in HYPERVISORS for step in ssh_steps(host, OTHER[host])),
    *(ports(host, OTHER[host]) for host in HYPERVISORS),
    *map(userfaultfd, reversed(HYPERVISORS)),
    *fit_steps(),
    *map(network, HYPERVISORS),
    *map(kvm, HYPERVISORS),
    *map(clock, (DESTINATION, STORAGE)),
    disk(STORAGE),
)
