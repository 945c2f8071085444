"""Which change mends what a rule has found: the last column of the tables."""

import copy
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import replace

from tui.vm.model.domain import tree
from tui.vm.model.fix import ABORT, AUTOPORT, CONSOLES, COPY, DETACH, EJECT, FORGET, HERE, LISTEN, Fix
from tui.vm.model.hardware import device_text
from tui.vm.model.rules.rule import Case, Words
from tui.vm.model.unmovable import MEDIATED

EVERYWHERE = "0.0.0.0"  # noqa: S104 - for QEMU's console, in a definition
MEDIA = ("cdrom", "floppy")
HOTPLUG_SHMEM = ("ivshmem-plain", "ivshmem-doorbell")  # the models that libvirt detaches from a running VM
NEXT_BOOT = "libvirt can't change a console while the VM runs: this takes effect when the VM is booted next."

Match = Callable[[ET.Element], bool]


def _fix(case: Case, kind: str, does: str, costs: str = "", *, device: str = "", xml: str = "", job: str = "") -> Fix:
    live = case.domain.hardware.live
    fix = Fix(kind, case.domain.name, does, costs, device, xml, live, config=not live, job=job)
    return replace(fix, origin=case.origin, target=case.target)


def _elements(case: Case, tag: str, match: Match) -> Iterator[ET.Element]:
    if case.domain.xml:
        yield from (each for each in tree(case.domain.xml).findall(f"devices/{tag}") if match(each))


def _text(element: ET.Element) -> str:
    element.tail = None
    return ET.tostring(element, encoding="unicode")


# -- disks --


def eject(case: Case, words: Words) -> tuple[Fix, ...]:
    """Eject a CD-ROM or a floppy; the second way also opens a tray that the guest has locked."""
    for disk in _elements(case, "disk", lambda each: _get(each, "target", "dev") == words["disk"]):
        if disk.get("device") in MEDIA:
            fix = _fix(case, EJECT, f"eject {words['path']}", device=str(words["disk"]), xml=without_medium(disk))
            return (fix, *_forced(fix))
    return ()


def _forced(fix: Fix) -> tuple[Fix, ...]:
    does = f"{fix.does}, even if the guest has locked the tray"
    return (replace(fix, does=does, force=True),) if fix.live else ()


def without_medium(disk: ET.Element) -> str:
    """The XML of the drive without its medium."""
    empty = copy.deepcopy(disk)
    for tag in ("source", "backingStore", "mirror"):
        for each in empty.findall(tag):
            empty.remove(each)
    return _text(empty)


def abort_job(case: Case, words: Words) -> tuple[Fix, ...]:
    """Abort the block job of a disk."""
    disk, job = str(words["disk"]), str(words["job"])
    return (_fix(case, ABORT, f"abort the {job} job", "What the job has done so far is lost.", device=disk, job=job),)


# -- devices --


def detach_host_device(case: Case, words: Words) -> tuple[Fix, ...]:
    """Detach a device of the host, or a network card that is one."""
    name = str(words["device"])
    found = [
        *_elements(case, "hostdev", lambda each: device_text(each) == name),
        *_elements(case, "interface", lambda each: _get(each, "mac", "address") == name.removeprefix("network card ")),
    ]
    return _detach(case, found[:1], name, f"The guest loses {name}")


def detach_unmovable(case: Case, words: Words) -> tuple[Fix, ...]:
    """Detach a mediated device that QEMU can't migrate; of the other such devices, libvirt detaches few."""
    model = next((model for model, what in MEDIATED.items() if what == words["what"]), "")
    found = _elements(case, "hostdev", lambda each: bool(model) and each.get("model") == model)
    return tuple(
        fix for each in found for fix in _detach(case, [each], device_text(each), f"The guest loses {words['what']}")
    )


def detach_folder(case: Case, words: Words) -> tuple[Fix, ...]:
    """Detach a folder of virtiofs; libvirt can't detach one of 9p."""
    folder = str(words["folder"])
    parts = (("source", "dir"), ("source", "socket"), ("target", "dir"))
    found = _elements(
        case,
        "filesystem",
        lambda each: _get(each, "driver", "type") == "virtiofs" and folder in (_get(each, *part) for part in parts),
    )
    return _detach(case, list(found)[:1], folder, f"The guest loses {folder}, and must not have it mounted")


def detach_shared_memory(case: Case, words: Words) -> tuple[Fix, ...]:
    """Detach shared memory, unless it is of the old model."""
    name = str(words["name"])
    found = _elements(
        case, "shmem", lambda each: each.get("name") == name and _get(each, "model", "type") in HOTPLUG_SHMEM
    )
    return _detach(case, list(found)[:1], f"the shared memory {name}", "The guest loses it with what is in it")


def detach_redirection(case: Case, words: Words) -> tuple[Fix, ...]:
    """Detach a redirection of USB."""
    found = _elements(case, "redirdev", lambda each: each.get("bus", "usb") == words["value"])
    return _detach(case, list(found)[:1], "a redirection", "The guest loses the devices that are redirected over it")


def _detach(case: Case, found: list[ET.Element], name: str, costs: str) -> tuple[Fix, ...]:
    until = "; the next boot attaches it again." if case.domain.hardware.live else ", for good."
    return tuple(_fix(case, DETACH, f"detach {name}", f"{costs}{until}", xml=_text(each)) for each in found)


def forget_snapshots(case: Case, _words: Words) -> tuple[Fix, ...]:
    """Let libvirt forget the snapshots, after their XML is kept, or at once."""
    costs = (
        "Snapshots inside an image and overlays stay as they are, but libvirt forgets them and can't revert to them. "
        "Kept definitions can be defined again: virsh snapshot-create VM FILE --redefine."
    )
    fix = replace(_fix(case, FORGET, "keep their definitions in files, then forget them", costs), keep_in=HERE)
    fix = replace(fix, snapshots=case.domain.snapshots)
    return fix, replace(fix, does="forget them without keeping their definitions", keep_in="")


# -- consoles and files --


def listen_everywhere(case: Case, words: Words) -> tuple[Fix, ...]:
    """Let a console listen on all addresses."""
    costs = "Everyone who reaches a host's network can then connect to the console; set a password, or use a firewall."
    return _console(case, str(words["kind"]).lower(), LISTEN, f"let it listen on {EVERYWHERE}", costs)


def choose_port(case: Case, words: Words) -> tuple[Fix, ...]:
    """Let libvirt choose the port of a console."""
    return _console(case, str(words["kind"]).lower(), AUTOPORT, "let libvirt choose the port")


def _console(case: Case, kind: str, change: str, does: str, costs: str = "") -> tuple[Fix, ...]:
    xml = case.domain.xml and changed_console(case.domain.xml, kind, change)
    if not xml:
        return ()
    later = f"{costs} {NEXT_BOOT}".strip() if case.domain.hardware.live else costs
    return (replace(_fix(case, change, does, later, device=kind, xml=xml), live=False, config=True),)


def changed_console(definition: str, kind: str, change: str) -> str:
    """The XML of the console of that kind with the change; "" if the definition has none, or has the change already."""
    for console in tree(definition).findall("devices/graphics"):
        if console.get("type") == kind:
            before = _text(console)
            _listen(console) if change == LISTEN else _choose_port(console)
            after = _text(console)
            return "" if after == before else after
    return ""


def _listen(console: ET.Element) -> None:
    if "listen" in console.attrib or console.find("listen") is None:
        console.set("listen", EVERYWHERE)
    for each in console.findall("listen[@type='address']"):
        each.set("address", EVERYWHERE)


def _choose_port(console: ET.Element) -> None:
    console.set("autoport", "yes")
    for name in ("port", "tlsPort"):
        console.attrib.pop(name, None)


def copy_file(case: Case, words: Words) -> tuple[Fix, ...]:
    """Copy a file of the firmware or of the boot to the target, which has none at that path."""
    path = str(words["path"])
    costs = f"No package owns it on {case.target} then; a package that brings it replaces it."
    return (_fix(case, COPY, f"copy {path} to {case.target}", costs, device=path),)


# -- before it runs --


def prepared(fix: Fix, next_definition: str, keep_in: str) -> Fix | None:
    """The fix with what the definition for the next boot requires; None if that has the change already.

    `next_definition` is empty for a VM without one. `keep_in` is the folder for the XML of snapshots.
    """
    if fix.kind == FORGET:
        return replace(fix, keep_in=keep_in) if fix.keep_in else fix
    if fix.kind == EJECT and fix.live and next_definition:
        disks = tree(next_definition).findall("devices/disk")
        holding = (each for each in disks if _get(each, "target", "dev") == fix.device)
        return replace(fix, config=any(each.find("source") is not None for each in holding))
    if fix.kind in CONSOLES and next_definition:
        xml = changed_console(next_definition, fix.device, fix.kind)
        return replace(fix, xml=xml) if xml else None
    return fix


def _get(element: ET.Element, path: str, attribute: str) -> str:
    found = element.find(path)
    return found.get(attribute, "") if found is not None else ""
