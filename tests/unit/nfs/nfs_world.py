"""What the tests of nfs share."""

from dataclasses import replace

from tui.checklist.model.check import FAILED, Finding
from tui.core.settings import DESTINATION, SOURCE, STORAGE
from tui.linux.addresses import Resolved
from tui.linux.change import Action, Change
from tui.linux.folder import ABSENT, FOLDER, Folder
from tui.linux.mounts import Mount, parse_mountinfo
from tui.linux.packages import Package
from tui.linux.units import Unit
from tui.nfs.model.facts import OPEN, ClientRead, NfsFacts, ServerRead, Shared
from tui.nfs.model.steps import all_steps

ROLES = {role: role for role in (STORAGE, SOURCE, DESTINATION)}
SHARED = Shared(ROLES, STORAGE, "/data", "/srv/images", "vm1")
STEPS = {step.id: step for step in all_steps(SHARED)}


GIB = 1 << 30


PATHS = ["/srv/images", "/srv/with space", "/srv/a \"b\" 'c'", "/srv/#1", "/srv/ümläut/画像", "/srv/wide\u3000space"]


HOSTS = [
    ("192.0.2.3", "192.0.2.10", "192.0.2.11"),
    ("2001:db8::3", "2001:db8::10", "2001:db8::11"),
    ("storage.example.org", "host-a", "host-b"),
]


def mounted(*lines: str) -> tuple[Mount, ...]:
    """Mountinfo with a root of ext4 on 8:1."""
    return parse_mountinfo("\n".join(("20 1 8:1 / / rw - ext4 /dev/sda1 rw", *lines)))


def folder(path: str, state: str = FOLDER, *names: str) -> Folder:
    missing = (path,) if state == ABSENT else ()
    return Folder(path, state, path, missing, "755", "root:root", 9 * GIB, 999, tuple(("f", name, 1) for name in names))


def world(
    hosts: tuple[str, str, str] = HOSTS[0], export: str = "/srv/images", images: str = "/data/images"
) -> NfsFacts:
    """Three hosts with everything installed, and nothing shared yet."""
    shared = Shared(dict(zip((STORAGE, SOURCE, DESTINATION), hosts, strict=True)), STORAGE, images, export, "vm1")
    addresses = ("192.0.2.3", "192.0.2.10", "192.0.2.11")
    names = {
        role: Resolved(name, (name if ":" in name else address,))
        for role, name, address in zip((STORAGE, SOURCE, DESTINATION), hosts, addresses, strict=True)
    }
    server = ServerRead(
        STORAGE,
        Package("nfs-kernel-server", "apt", installed=True),
        folder(export),
        mounted(),
        "",
        names=names,
        images=folder(images),
        exports={"/etc/exports": ""},
        units=(Unit("nfs-server.service", "loaded", "active", "enabled"),),
    )
    clients = {
        role: ClientRead(
            role, Package("nfs-common", "apt", installed=True), folder(export), mounted(), "", names=names, port=OPEN
        )
        for role in (SOURCE, DESTINATION)
    }
    return NfsFacts(shared, {STORAGE: server, **clients})


def but(facts: NfsFacts, role: str = STORAGE, **changed: object) -> NfsFacts:
    """The facts with other values on one host."""
    return replace(facts, hosts={**facts.hosts, role: replace(facts.hosts[role], **changed)})  # type: ignore[type-var, arg-type]


def found(facts: NfsFacts, step: str) -> Finding:
    finding = STEPS[step].check(facts)
    assert finding is not None
    return finding


def planned(facts: NfsFacts, step: str) -> list[tuple[Action, tuple[Action, ...]]]:
    """Each action with its undo."""
    change = STEPS[step].change(facts)
    assert isinstance(change, Change), change
    return [(move.action, move.undo) for move in change.moves]


def refused(facts: NfsFacts, step: str) -> str:
    """The sentence that explains why the app changes nothing."""
    assert found(facts, step).state == FAILED
    change = STEPS[step].change(facts)
    assert isinstance(change, str), change
    return change


def exports(text: str) -> NfsFacts:
    return but(world(), exports={"/etc/exports": text})


NFS = "21 20 0:50 / /srv/images {} - nfs4 192.0.2.3:/srv/images rw,vers=4.2,addr=192.0.2.3"
