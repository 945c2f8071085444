"""A VM that a person asks for, and the mistakes that are known before anything is done."""

from dataclasses import dataclass

from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.vm.model.domain import Domain
from tui.vm.model.listing import Listing

IMAGE, CLOUD, LIKE = "image", "cloud", "like"
WAYS = {IMAGE: "from an image", CLOUD: "from a cloud image", LIKE: "like another VM"}
LONGEST_NAME = 100  # it becomes the name of files, sockets and logs
LEAST_MEMORY = 16 << 20
MOST_VCPUS = 4096


@dataclass(frozen=True)
class VmRequest:
    """What is asked for; `image` is a path, `template` the VM it is to be like, `plug` None is no network.

    `user`, `ssh_key` and `disk_bytes` (0: as large as the image) are for a cloud image.
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


def refuse_name(name: str, listing: Listing) -> Failure | None:
    """The sentence for a name that a new VM can't have."""
    if not name.strip():
        return Failure("The VM has no name yet", hint="Type one.")
    if name != name.strip():
        return Failure(f'"{name}" begins or ends with a space', "nobody would find it again by its name")
    if "/" in name or name in (".", ".."):
        return Failure(f'"{name}" can\'t be the name of a VM', 'its files are named after it, so "/" is not possible')
    if not name.isprintable():
        return Failure("The name has characters that can't be seen", hint="Type it anew.")
    if len(name.encode()) > LONGEST_NAME:
        return Failure("The name is too long", f"{len(name.encode())} bytes, of {LONGEST_NAME} that are possible")
    for host, answer in listing.where(name).answers.items():
        if isinstance(answer, Vm):
            return Failure(f"{name} is taken", f"{host} has a VM of that name, {answer.state}", "Take another name.")
    return None


def refuse_identity(domain: Domain, listing: Listing) -> Failure | None:
    """The sentence for a UUID or a MAC address that another VM has, on either host: both would clash when one moves."""
    uuid, macs = _digits(domain.uuid), {nic.mac.lower() for nic in domain.nics if nic.mac}
    for host, answer in listing.answers.items():
        for each in answer if isinstance(answer, tuple) else ():
            whose = f"{each.vm.name} on {host} has it"
            if uuid and uuid == _digits(each.vm.uuid):
                return Failure("The UUID is taken", whose, "Take the line <uuid> out: libvirt gives it one of its own.")
            taken = macs & {nic.mac.lower() for nic in each.domain.nics} if isinstance(each.domain, Domain) else ()
            for mac in taken:
                hint = "Take the line <mac> out: libvirt gives it one of its own."
                return Failure(f"The MAC address {mac} is taken", whose, hint)
    return None


def _digits(uuid: str) -> str:
    return uuid.replace("-", "").strip().lower()


def refuse_size(request: VmRequest) -> Failure | None:
    """The sentence for numbers that no VM can have."""
    if not 1 <= request.vcpus <= MOST_VCPUS:
        return Failure(f"{request.vcpus} vCPUs are not possible", f"from 1 to {MOST_VCPUS} are")
    if request.memory_bytes < LEAST_MEMORY:
        return Failure("A VM needs at least 16 MiB of memory")
    return None
