"""Facts about the shared folder; a part is None until it is read, and a Failure if it can't be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.linux.addresses import Resolved
from tui.linux.exports import Export
from tui.linux.firewall import Firewall
from tui.linux.folder import Folder
from tui.linux.fstab import FstabEntry, parse_fstab
from tui.linux.mounts import Mount, hidden, mount_at
from tui.linux.packages import Package
from tui.linux.qemu_conf import SHARED_SINCE, QemuConf
from tui.linux.units import Unit
from tui.nfs.model.proof import Proof
from tui.vm.model.domain import Disk

NO_FOLDER, NO_QEMU_CONF, NO_FIREWALL = Folder("", ""), QemuConf(), Firewall()


@dataclass(frozen=True)
class Shared:
    """The configured addresses of the hosts by role, the role of the storage server, the folders, and the VM's name.

    A role is the name of a host; `server` is "" if there is no storage server.
    """

    addresses: Mapping[str, str]
    server: str
    images: str
    export: str
    vm: str

    @property
    def storage(self) -> str:
        """The address of the storage server."""
        return self.addresses[self.server]

    @property
    def clients(self) -> tuple[str, ...]:
        """The hosts that mount the folder and run VMs."""
        return tuple(role for role in self.addresses if role != self.server)

    @property
    def writer(self) -> str:
        """The client that writes the file of the proof."""
        return self.clients[0]

    @property
    def readers(self) -> tuple[str, ...]:
        """The clients that read it."""
        return self.clients[1:]


@dataclass(frozen=True)
class HostRead:
    """What is read on every host; `folder` is the exported folder, with the same path on all hosts."""

    role: str
    package: Package
    folder: Folder
    mounts: tuple[Mount, ...] = ()
    fstab: str | None = None
    systemd: bool = True
    names: Mapping[str, Resolved] = field(default_factory=dict)  # of all hosts by role, as this host resolves
    configuration: tuple[str, ...] = ()  # existing files that purging the package would remove
    users: frozenset[str] = frozenset()
    lists_age_s: int = 0  # since the last apt-get update
    idmap_domain: str = ""  # in which NFS 4 maps the names of owners; empty if unknown
    folder_units: tuple[Unit, ...] = ()  # the units of systemd that mount the folder

    @property
    def enabled_unit(self) -> str:
        """A unit that mounts the folder after a restart without a line of /etc/fstab; empty if there is none."""
        return next((each.name for each in self.folder_units if each.exists and each.file == "enabled"), "")

    @property
    def fstab_entries(self) -> tuple[FstabEntry, ...]:
        """The entries of /etc/fstab for the folder."""
        paths = (self.folder.path, self.folder.real)
        return tuple(entry for entry in parse_fstab(self.fstab or "") if entry.target in paths)

    @property
    def mount(self) -> Mount | None:
        """The visible mount at the folder."""
        return mount_at(self.mounts, self.folder.real)

    @property
    def hidden_nfs(self) -> Mount | None:
        """An NFS mount at the folder that another mount hides."""
        return next((each for each in hidden(self.mounts, self.folder.real) if each.nfs), None)


@dataclass(frozen=True)
class ServerRead(HostRead):
    """The storage server."""

    images: Folder = NO_FOLDER
    exports: Mapping[str, str] = field(default_factory=dict)  # the text of /etc/exports and exports.d, by path
    active: tuple[Export, ...] = ()  # the exports in effect
    netgroups: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # the hosts of those in the files, by "@NAME"
    units: tuple[Unit, ...] = ()
    threads: int = 0  # of the kernel's NFS server
    firewall: Firewall = NO_FIREWALL
    drops: bool = False  # nftables rules besides ufw and firewalld drop incoming packets
    wrapped: tuple[str, ...] = ()  # daemons that use TCP wrappers
    hosts_allow: str = ""
    hosts_deny: str = ""


OPEN, REFUSED, SILENT, UNTRIED = "open", "refused", "silent", "untried"


@dataclass(frozen=True)
class QemuUser:
    """The user that QEMU runs as on a host."""

    name: str
    uid: int


@dataclass(frozen=True)
class ClientRead(HostRead):
    """A host that mounts the folder and runs VMs."""

    port: str = UNTRIED  # result of connecting to port 2049 of the storage server: OPEN, REFUSED, SILENT
    port_output: str = ""
    own_address: str = ""  # the address from which this host reaches the storage server
    qemu: QemuUser | None = None
    qemu_conf: QemuConf = NO_QEMU_CONF
    libvirt_version: tuple[int, ...] = ()
    mountable: bool = True  # False if the kernel has no NFS client and none can be loaded
    autostarted: tuple[str, ...] = ()  # VMs with a file in the folder that libvirt starts with the host

    @property
    def declared(self) -> str:
        """The entry of shared_filesystems that contains the folder; empty if none does or libvirt is too old."""
        return self.qemu_conf.declares(self.folder.real) if self.libvirt_version >= SHARED_SINCE else ""


@dataclass(frozen=True)
class ImageRead:
    """A disk image as read on one client."""

    path: str
    real: str
    exists: bool
    owner: str = ""
    mode: str = ""
    readable: bool = False  # by QEMU's user
    writable: bool = False  # by QEMU's user
    locked: bool | None = None  # by any program; None if unknown
    uid: int = -1  # of the owner; -1 if unknown
    no_perl: bool = False  # the lock could not be read because Perl is missing
    output: str = ""


@dataclass(frozen=True)
class VmsRead:
    """The VMs of a client's libvirt; `disks` has the writable disks of the configured VM and of all active VMs."""

    vms: tuple[Vm, ...] = ()
    disks: Mapping[str, tuple[Disk, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class NfsFacts:
    """The latest facts of all hosts."""

    shared: Shared
    hosts: Mapping[str, HostRead | Failure] = field(default_factory=dict)  # by role
    vms: Mapping[str, VmsRead | Failure] = field(default_factory=dict)
    images: Mapping[str, tuple[ImageRead, ...] | Failure] = field(default_factory=dict)
    proof: Proof | None = None  # with the first reader
    further: Mapping[str, Proof] = field(default_factory=dict)  # with the other ones

    def proof_with(self, reader: str) -> Proof | None:
        """The proof that this client reads what the first one writes."""
        return self.proof if reader in self.shared.readers[:1] else self.further.get(reader)

    @property
    def server(self) -> ServerRead | Failure | None:
        """The storage server."""
        found = self.hosts.get(self.shared.server)
        return found if isinstance(found, ServerRead | Failure) else None

    def client(self, role: str) -> ClientRead | Failure | None:
        """A host that runs VMs."""
        found = self.hosts.get(role)
        return found if isinstance(found, ClientRead | Failure) else None

    @property
    def clients(self) -> tuple[ClientRead, ...]:
        """The clients that have been read."""
        return tuple(each for role in self.shared.clients if isinstance(each := self.client(role), ClientRead))

    def address(self, role: str) -> str:
        """The configured address of a host, without the login."""
        return self.shared.addresses[role]
