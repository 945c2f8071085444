"""The shared storage of the original experiment as steps: on which host, why, and with which commands."""

import re
import shlex
from dataclasses import dataclass

STORAGE, SOURCE, DESTINATION = "storage", "source", "destination"
CLIENT_OPTIONS = "rw,sync,no_subtree_check"


@dataclass(frozen=True)
class Shared:
    """What the steps depend on: the addresses of the three hosts, the two folders, the VM."""

    storage: str
    source: str
    destination: str
    images: str
    export: str
    vm: str


@dataclass(frozen=True)
class Step:
    """One step on one host; a command is a line for a shell, or for the file that `file` names."""

    host: str
    what: str
    commands: tuple[str, ...]
    file: str = ""
    note: str = ""


def host_of(ssh: str) -> str:
    """The host in an ssh target: without the user, the port and the brackets of an IPv6 address."""
    rest = ssh.rpartition("@")[2]
    found = re.fullmatch(r"\[([^\]]+)\](?::\d+)?|([^:]+)(?::\d+)?", rest)
    return (found[1] or found[2]) if found else rest


def procedure(shared: Shared) -> tuple[Step, ...]:
    """All steps in their order, as root on each host."""
    return (*_server(shared), *_client(SOURCE, shared), *_client(DESTINATION, shared), _proof(shared))


def _server(shared: Shared) -> tuple[Step, ...]:
    images, export = shlex.quote(shared.images), shlex.quote(shared.export)
    clients = (shared.source, shared.destination)
    line = f"{exports_path(shared.export)} " + " ".join(f"{exports_client(each)}({CLIENT_OPTIONS})" for each in clients)
    return (
        Step(STORAGE, "Install the NFS server.", ("apt-get install nfs-kernel-server",)),
        Step(
            STORAGE,
            "Show the images in the folder that is exported.",
            (f"mkdir -p {images} {export}", f"mount --bind {images} {export}"),
            note="A mount made by hand is gone after a restart; /etc/fstab keeps it.",
        ),
        Step(
            STORAGE,
            "Let both hosts through the firewall, if one is active.",
            tuple(f"ufw allow from {shlex.quote(each)} to any port nfs" for each in clients),
            note="ufw wants addresses, not names.",
        ),
        Step(STORAGE, "Export the folder to both hosts.", (line,), file="/etc/exports"),
        Step(STORAGE, "Make the exports known, and see that the server runs.",
             ("exportfs -arv", "systemctl status nfs-kernel-server")),
    )  # fmt: skip


def _client(host: str, shared: Shared) -> tuple[Step, ...]:
    export = shlex.quote(shared.export)
    server = f"[{shared.storage}]" if ":" in shared.storage else shared.storage
    remote = shlex.quote(f"{server}:{shared.export}")
    return (
        Step(host, "Install the NFS client.", ("apt-get install nfs-common",)),
        Step(
            host,
            "Mount the exported folder at the same path, and see the images in it.",
            (f"mkdir -p {export}", f"mount -t nfs {remote} {export}", f"ls -l {export}"),
        ),
    )


def _proof(shared: Shared) -> Step:
    what = "Start the VM from the shared image: if it runs, the storage works."
    return Step(SOURCE, what, (f"virsh start {shlex.quote(shared.vm)}",), note="Key 3, Launch, does this.")


def exports_path(path: str) -> str:
    """A path as /etc/exports wants it: spaces and the like as octal numbers."""
    return re.sub(r"[\s\"#\\]", lambda found: f"\\{ord(found[0]):03o}", path)


def exports_client(host: str) -> str:
    """A host as /etc/exports wants it."""
    return re.sub(r"[\s()\"#\\]", "", host)
