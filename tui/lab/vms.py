"""The small VMs of a lab, besides its guest: how many there are, and their disks."""

import shutil
from collections.abc import Callable

from tui.core.failure import Failure
from tui.lab import guest
from tui.lab.command import run
from tui.lab.inventory import MOST_VMS, Guest, vms_of
from tui.lab.place import Place


def parse(text: str) -> int:
    """The number of small VMs; Failure if a lab can't have so many."""
    if text.isdecimal() and int(text) <= MOST_VMS:
        return int(text)
    raise Failure(f"{text!r} is not a number of VMs", hint=f"Use a number from 0 to {MOST_VMS}.")


def chosen(place: Place) -> tuple[Guest, ...]:
    """The small VMs of a lab."""
    return vms_of(int(place.vms.read_text()) if place.vms.exists() else 0)


def choose(place: Place, count: int) -> None:
    """Stores the number for this and the next starts; Failure if the lab has more."""
    present = len(chosen(place))
    if count < present:
        raise Failure(
            f"lab {place.name!r} has {present} small VMs",
            "`lab up` adds VMs and removes none",
            place.way_out,
        )
    place.vms.write_text(f"{count}\n")


def install_disks(place: Place, on_progress: Callable[[str], None]) -> None:
    """Makes the missing disks: each an overlay of an image that no VM writes."""
    missing = [vm for vm in chosen(place) if not (place.images / vm.image).exists()]
    if not missing:
        return
    base = place.images / f"base-{guest.cache_name()}.qcow2"  # older overlays keep the base that they were made on
    if not base.exists():
        new = base.with_suffix(".new")
        shutil.copyfile(guest.prepare(on_progress) / "disk.qcow2", new)
        new.replace(base)
    for vm in missing:
        overlay = place.images / vm.image
        new = overlay.with_suffix(".new")
        # The name of the base without a folder: the hosts see the images under several paths.
        run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base.name, str(new)])
        new.replace(overlay)
