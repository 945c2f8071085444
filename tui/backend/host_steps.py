"""The list of the Hosts room in its order: each host, its software, its names, root's ways, ports, what must fit."""

from tui.backend.checklist import Step
from tui.backend.host_basic_steps import clock, disk, kvm, libvirt, login, root
from tui.backend.host_facts import ALL, HYPERVISORS, OTHER, HostsFacts
from tui.backend.host_fit_steps import fit_steps
from tui.backend.host_name_steps import names, own_name
from tui.backend.host_software_steps import daemon, lists, member, programs
from tui.backend.host_ssh_steps import ssh_steps
from tui.backend.host_way_steps import ports, userfaultfd
from tui.config import DESTINATION, STORAGE

STEPS: tuple[Step[HostsFacts], ...] = (
    *map(login, (DESTINATION, STORAGE)),
    *map(root, ALL),
    *(step for host in HYPERVISORS for step in (lists(host), programs(host), daemon(host), member(host))),
    *map(libvirt, HYPERVISORS),
    *map(own_name, HYPERVISORS),
    *map(names, ALL),
    *(step for host in HYPERVISORS for step in ssh_steps(host, OTHER[host])),
    *(ports(host, OTHER[host]) for host in HYPERVISORS),
    *map(userfaultfd, reversed(HYPERVISORS)),
    *fit_steps(),
    *map(kvm, HYPERVISORS),
    *map(clock, (DESTINATION, STORAGE)),
    disk(STORAGE),
)
