"""What was read of the hosts about the shared folder; a part is None until it is read, a Failure if it can't be."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tui.core.failure import Failure
from tui.core.settings import DESTINATION, SOURCE, STORAGE
from tui.core.vm import Vm
from tui.linux.addresses import Resolved
from tui.linux.exports import Export
from tui.linux.firewall import Firewall
from tui.linux.folder import Folder
from tui.linux.fstab import FstabEntry, parse_fstab
from tui.linux.mounts import NFS, Mount, at
from tui.linux.packages import Package
from tui.linux.qemu_conf import SHARED_SINCE, QemuConf
from tui.linux.units import Unit
from tui.nfs.model.proof import Proof
from tui.nfs.model.shared import Shared
from tui.vm.model.domain import Disk

CLIENTS = (SOURCE, DESTINATION)

NO_FOLDER, NO_QEMU_CONF = Folder("", ""), QemuConf()
NO_FIREWALL = Firewall()


@dataclass(frozen=True)
class HostRead:
    """What is read of every host; `folder` is the exported one, which has the same path on all."""

    role: str
    package: Package
    folder: Folder
    mounts: tuple[Mount, ...] = ()
    fstab: str | None = None
    systemd: bool = True
    names: Mapping[str, Resolved] = field(default_factory=dict)  # of the three hosts by role, as this one finds them
    configuration: tuple[str, ...] = ()  # files that a purge of the package would remove, and that are there
    users: frozenset[str] = frozenset()
    lists_age_s: int = 0  # since apt last asked for its lists

    @property
    def fstab_entries(self) -> tuple[FstabEntry, ...]:
        """What /etc/fstab mounts at the folder."""
        paths = (self.folder.path, self.folder.real)
        return tuple(entry for entry in parse_fstab(self.fstab or "") if entry.target in paths)

    @property
    def mount(self) -> Mount | None:
        """What is mounted at the folder and can be seen."""
        return at(self.mounts, self.folder.real)

    @property
    def nfs_below(self) -> Mount | None:
        """An NFS mount at the folder that something else hides."""
        others = (each for each in self.mounts if each.target == self.folder.real and each is not self.mount)
        return next((each for each in others if each.type in NFS), None)


@dataclass(frozen=True)
class ServerRead(HostRead):
    """The storage server."""

    images: Folder = NO_FOLDER
    exports: Mapping[str, str] = field(default_factory=dict)  # the texts of /etc/exports and exports.d, by path
    active: tuple[Export, ...] = ()  # what exportfs has made of them
    units: tuple[Unit, ...] = ()
    threads: int = 0  # of the kernel's NFS server
    firewall: Firewall = NO_FIREWALL
    drops: bool = False  # rules of nftables that are neither's and drop what comes in
    wrapped: tuple[str, ...] = ()  # daemons that ask TCP wrappers
    hosts_allow: str = ""
    hosts_deny: str = ""


OPEN, REFUSED, SILENT, UNTRIED = "open", "refused", "silent", "untried"


@dataclass(frozen=True)
class QemuUser:
    """As whom QEMU runs on a host."""

    name: str
    uid: int


@dataclass(frozen=True)
class ClientRead(HostRead):
    """A host that mounts the folder and runs VMs."""

    port: str = UNTRIED  # 2049 of the storage server from here: OPEN, REFUSED, SILENT
    port_said: str = ""
    own_address: str = ""  # from which this host reaches the storage server
    qemu: QemuUser | None = None
    qemu_conf: QemuConf = NO_QEMU_CONF
    libvirt_version: tuple[int, ...] = ()

    @property
    def declared(self) -> str:
        """The folder of qemu.conf's shared_filesystems that this one lies in, where libvirt is new enough."""
        return self.qemu_conf.declares(self.folder.real) if self.libvirt_version >= SHARED_SINCE else ""


@dataclass(frozen=True)
class ImageRead:
    """A disk image as one client sees it."""

    path: str
    real: str
    exists: bool
    owner: str = ""
    mode: str = ""
    readable: bool = False  # by QEMU's user
    writable: bool = False
    locked: bool | None = None  # by somebody; None where that can't be told
    no_perl: bool = False  # so `locked` could not be asked
    said: str = ""


@dataclass(frozen=True)
class VmsRead:
    """What libvirt on a client says: the VMs, and what the configured one and all that are active can write to."""

    vms: tuple[Vm, ...] = ()
    disks: Mapping[str, tuple[Disk, ...]] = field(default_factory=dict)
    version: tuple[int, ...] = ()


@dataclass(frozen=True)
class NfsFacts:
    """The newest of everything."""

    shared: Shared
    hosts: Mapping[str, HostRead | Failure] = field(default_factory=dict)  # by role
    vms: Mapping[str, VmsRead | Failure] = field(default_factory=dict)
    images: Mapping[str, tuple[ImageRead, ...] | Failure] = field(default_factory=dict)
    proof: Proof | None = None

    @property
    def server(self) -> ServerRead | Failure | None:
        found = self.hosts.get(STORAGE)
        return found if isinstance(found, ServerRead | Failure) else None

    def client(self, role: str) -> ClientRead | Failure | None:
        found = self.hosts.get(role)
        return found if isinstance(found, ClientRead | Failure) else None

    @property
    def clients(self) -> tuple[ClientRead, ...]:
        """Those that were read."""
        return tuple(each for role in CLIENTS if isinstance(each := self.client(role), ClientRead))

    def address(self, role: str) -> str:
        """The bare host of the configuration."""
        return str(getattr(self.shared, role))
