"""The request for a new VM, and the mistakes in it that are known before anything is created."""

from dataclasses import dataclass

from tui.core.failure import Failure, WrongField
from tui.core.vm import Vm
from tui.vm.model.domain import Domain
from tui.vm.model.image import users_of
from tui.vm.model.listing import Listing

IMAGE, CLOUD, LIKE = "image", "cloud", "like"
WAYS = {IMAGE: "from an image", CLOUD: "from a cloud image", LIKE: "like another VM"}
LONGEST_NAME = 100  # bytes; it becomes part of the names of files, sockets and logs
LEAST_MEMORY = 16 << 20
MOST_VCPUS = 4096
COMMON_CPU, HOST_CPU = "", "host-model."  # a group cannot have such a name


@dataclass(frozen=True)
class VmRequest:
    """A new VM: `image` is a path, `template` the VM to copy, `network` None means no network.

    `user`, `ssh_key` and `disk_bytes` (0: the size of the image) are for a cloud image. `cpu` is COMMON_CPU, HOST_CPU
    or the name of a group, whose hosts have it in common; a copy keeps its own.
    """

    name: str
    way: str
    vcpus: int
    memory_bytes: int
    image: str = ""
    template: str = ""
    network: tuple[str, str] | None = None
    user: str = ""
    ssh_key: str = ""
    disk_bytes: int = 0
    cpu: str = COMMON_CPU


def cpu_words(cpu: str) -> str:
    """A choice of the CPU as a person reads it."""
    if cpu in (COMMON_CPU, HOST_CPU):
        return {COMMON_CPU: "baseline of all hosts", HOST_CPU: "host-model"}[cpu]
    return f"baseline of {cpu}"


def validate_name(name: str, listing: Listing) -> Failure | None:
    """Why a new VM can't have this name; None if it can."""

    def wrong(what: str, why: str = "", hint: str = "") -> Failure:
        return WrongField("name", what, why, hint)

    if not name.strip():
        return wrong("The VM has no name", hint="Enter one.")
    if name != name.strip():
        return wrong(f'"{name}" begins or ends with a space', "such a name is hard to find", "Remove the space.")
    if "/" in name or name in (".", ".."):
        return wrong(f'"{name}" can\'t be the name of a VM', 'it becomes a file name, so "/" is not allowed')
    if not name.isprintable():
        return wrong("The name contains invisible characters", hint="Enter it again.")
    if len(name.encode()) > LONGEST_NAME:
        return wrong("The name is too long", f"it has {len(name.encode())} bytes, and {LONGEST_NAME} are allowed")
    for host, found in listing.where(name).answers.items():
        if isinstance(found, Vm):
            return wrong(
                f"The name {name} is taken", f"{host} has a VM of that name, {found.state}", "Use another one."
            )
    return None


def validate_identity(domain: Domain, listing: Listing) -> Failure | None:
    """Why its UUID or a MAC address can't be used: a VM on either host has it, and the two may meet by a migration."""
    macs = {nic.mac.lower() for nic in domain.nics if nic.mac}
    for host, found in listing.answers.items():
        for each in found if isinstance(found, tuple) else ():
            owner = f"{each.vm.name} on {host} has it"
            if domain.uuid and same_uuid(domain.uuid, each.vm.uuid):
                return Failure("The UUID is taken", owner, "Delete the <uuid> line: libvirt then generates one.")
            used = macs & {nic.mac.lower() for nic in each.domain.nics} if isinstance(each.domain, Domain) else ()
            for mac in used:
                hint = "Delete the <mac> line: libvirt then generates one."
                return Failure(f"The MAC address {mac} is taken", owner, hint)
    return None


def same_uuid(one: str, other: str) -> bool:
    """Whether two spellings mean one UUID."""
    return _digits(one) == _digits(other)


def _digits(uuid: str) -> str:
    return uuid.replace("-", "").strip().lower()


def validate_size(request: VmRequest) -> Failure | None:
    """Why no VM can have this number of vCPUs or this memory; None if one can."""
    if not 1 <= request.vcpus <= MOST_VCPUS:
        return WrongField("vcpus", f"{request.vcpus} vCPUs are not possible", f"1 to {MOST_VCPUS} are allowed")
    if request.memory_bytes < LEAST_MEMORY:
        return WrongField("memory", "A VM needs at least 16 MiB of memory")
    return None


def disk_in_use(domain: Domain, listing: Listing) -> Failure | None:
    """Two VMs that write to one disk would destroy it."""
    for disk in domain.disks:
        users = users_of(disk.source, listing.files, {}) if disk.source and not disk.readonly else ()
        if users:
            return Failure(f"{disk.source} is in use", f"it is a disk of {' and '.join(users)}", "Use another disk.")
    return None
