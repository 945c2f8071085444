"""The copy of disks without shared storage: which disks, what the target needs for them, and what is refused."""

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from tui.core.failure import Failure
from tui.core.quantity import size, whole
from tui.core.virsh_options import VirshOptions
from tui.vm.model.domain import Disk, Domain, parse
from tui.vm.model.image import Image, parse_info

# $1 is what to do, the rest depends on it. Each fact ends with NUL, because a path may contain a newline.
# A new file is created with noclobber, which never overwrites: qemu-img itself would.
SCRIPT = r"""
id() { stat -Lc %d:%i -- "$1" 2>/dev/null; }
device() {
  number=$(printf "%d:%d" $(stat -Lc "0x%t 0x%T" -- "$1" 2>/dev/null))
  cat "/sys/dev/block/$number/dm/uuid" "/sys/dev/block/$number/wwid" "/sys/dev/block/$number/device/wwid" \
    "/sys/dev/block/$number/device/serial" "/sys/dev/block/$number/serial" 2>/dev/null | grep -m1 .
}
look() {
  for path; do
    kind=missing; identity=; folder=${path%/*}; folder=${folder:-/}
    [ ! -L "$path" ] || kind=link
    [ ! -e "$path" ] || kind=other
    [ ! -f "$path" ] || kind=file
    [ ! -b "$path" ] || { kind=block; identity=$(device "$path"); }
    [ "$kind" != missing ] || [ -d "$folder" ] || kind=folderless
    info=; [ "$kind" != file ] && [ "$kind" != block ] || info=$(qemu-img info --output=json -U -- "$path" 2>/dev/null)
    free=$(df -B1 --output=avail -- "$folder" 2>/dev/null | tail -n 1 | tr -d ' ')
    printf '%s\0%s\0%s\0%s\0%s\0' "$path" "$kind" "$identity" "${free:-0}" "$info"
  done
}
make() {
  path=$1 format=$2 bytes=$3 backing=$4 base=$5
  (set -C; : > "$path") 2>/dev/null || { echo "the file exists, or its folder cannot be written" >&2; exit 73; }
  set -- -q -f "$format"
  [ -z "$backing" ] || set -- "$@" -b "$backing" -F "$base"
  qemu-img create "$@" -- "$path" "$bytes" >&2 || { status=$?; rm -f -- "$path"; exit "$status"; }
  printf '%s' "$(id "$path")"
}
mark() { mktemp -- "$1/.vmlm-tui-XXXXXXXXXX"; }
remove() {
  path=$1
  [ "$(id "$path")" = "$2" ] || { echo "it is another file now"; return; }
  for each in /proc/[0-9]*/fd/*; do
    [ "$(readlink "$each" 2>/dev/null)" != "$path" ] || { echo "a process uses it"; return; }
  done
  rm -f -- "$path" || echo "it could not be removed"
}
unmark() { case $1 in */.vmlm-tui-??????????) rm -f -- "$1";; esac; }
has() { [ -e "$1" ] && echo yes || echo no; }
action=$1; shift; "$action" "$@"
"""
LOOK, MAKE, REMOVE, MARK, UNMARK, HAS = "look", "make", "remove", "mark", "unmark", "has"

MISSING, FILE, BLOCK, FOLDERLESS = "missing", "file", "block", "folderless"
CHOOSE = "--migrate-disks chooses the disks to copy."


@dataclass(frozen=True)
class Found:
    """A path on a host: its kind, the identity of a block device, the free bytes in its folder, and the image in it."""

    kind: str
    identity: str = ""
    free_bytes: int = 0
    image: Image | None = None


@dataclass(frozen=True)
class New:
    """An image to make on the target: an empty one, or an overlay of `backing`."""

    disk: str
    path: str
    format: str
    bytes: int
    backing: str = ""
    backing_format: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """The arguments of the script."""
        return MAKE, self.path, self.format, str(self.bytes), self.backing, self.backing_format

    @property
    def command(self) -> str:
        """The same for a person, as the shell takes it."""
        base = ["-b", self.backing, "-F", self.backing_format] if self.backing else []
        return shlex.join(["qemu-img", "create", "-f", self.format, *base, self.path, str(self.bytes)])


@dataclass(frozen=True)
class Made:
    """An image that was made on `host`; `id` are the device and inode of the file."""

    host: str
    path: str
    id: str

    @property
    def json(self) -> dict[str, str]:
        """As a record has it."""
        return {"host": self.host, "path": self.path, "id": self.id}


def made_of(value: object) -> tuple[Made, ...]:
    """Those of a record; damaged ones are left out."""
    rows = value if isinstance(value, list) else []
    names = ("host", "path", "id")
    whole_ones = (each for each in rows if isinstance(each, dict) and all(isinstance(each.get(n), str) for n in names))
    return tuple(Made(each["host"], each["path"], each["id"]) for each in whole_ones)


def parse_look(output: str) -> dict[str, Found]:
    """What `look` prints, by path; a damaged rest is left out."""
    words = output.split("\0")[:-1]
    found = {}
    for path, kind, identity, free, info in zip(*(words[n::5] for n in range(5)), strict=False):
        found[path] = Found(kind, identity, whole(free) or 0, _image(info, path))
    return found


def _image(info: str, path: str) -> Image | None:
    try:
        return parse_info(info, path) if info else None
    except Failure:
        return None


def copied(domain: Domain, options: VirshOptions) -> tuple[Disk, ...]:
    """The disks that libvirt copies: the chosen ones, else all that are neither read-only, shareable nor empty."""
    if not options.chosen_disks:
        return tuple(each for each in domain.disks if each.source and not (each.readonly or each.shareable))
    by_target = {each.target: each for each in domain.disks}
    for name in options.chosen_disks:
        what = f"Disk {name} of {domain.name} cannot be copied"
        if name not in by_target:
            raise Failure(what, "the VM has no such disk", f"Its disks are {', '.join(by_target) or 'none'}.")
        if by_target[name].readonly or not by_target[name].source:
            raise Failure(what, "libvirt does not copy an empty or read-only drive", "Leave it out.")
    return tuple(by_target[name] for name in options.chosen_disks)


def at_the_same_path(disks: Iterable[Disk], xml: str) -> tuple[Disk, ...]:
    """The disks that the definition for the target, if there is one, does not move to another file.

    What it moves has to be there: only the user knows how such a disk is made.
    """
    there = {each.target: each.path for each in parse(xml).disks} if xml else None
    return tuple(each for each in disks if there is None or there.get(each.target) == each.path)


def unsuitable(disk: Disk) -> Failure | None:
    """Why a disk cannot be copied, whatever the hosts have; None if nothing is known."""
    if disk.kind == "network":
        return _refused(disk, f"it is on network storage ({disk.source}), which both hosts use", CHOOSE)
    if disk.path == "" or "\0" in disk.path or not PurePosixPath(disk.path).is_absolute():
        return _refused(disk, f"its storage is of the kind {disk.kind}", CHOOSE)
    return None


def wanted(disk: Disk, here: Found | None, there: Found | None, *, overlay: bool) -> New | Failure | None:
    """The image that the target lacks; None if it has one of the same size, else why the disk cannot be copied."""
    if here is None or here.image is None:
        return _refused(disk, f"qemu-img cannot read {disk.path} on the origin", "")
    if there is None:
        return _refused(disk, f"{disk.path} could not be looked up on the target", "")
    if there.kind in (FILE, BLOCK):
        return _existing(disk, here, there, overlay=overlay)
    if there.kind == FOLDERLESS:
        folder = folder_of(disk)
        hint = f"Make it there: {shlex.join(['mkdir', '-p', folder])}."
        return _refused(disk, f"the target has no folder {folder}", hint)
    if there.kind != MISSING:
        return _refused(disk, f"{disk.path} on the target is no file", "")
    if disk.kind == "block":
        return _refused(disk, f"the target has no block device {disk.path}", "Make one of the same size there.")
    return _new(disk, here.image, there, overlay=overlay)


def _new(disk: Disk, image: Image, there: Found, *, overlay: bool) -> New | Failure:
    made = New(disk.target, disk.path, disk.format or image.format, image.virtual_bytes)
    if there.free_bytes < image.used_bytes:
        why = f"it has {size(image.used_bytes)}, and the target has {size(there.free_bytes)} free for {disk.path}"
        return _refused(disk, why, "")
    if not overlay or not image.backing:
        return made
    if not image.backing_format:
        return _refused(disk, f"{disk.path} does not name the format of its backing file", "Copy all of it.")
    return replace(made, backing=image.backing, backing_format=image.backing_format)


def _existing(disk: Disk, here: Found, there: Found, *, overlay: bool) -> Failure | None:
    """Why an image that the target has is not the one that is needed."""
    if here.image is None or there.image is None:
        return _refused(disk, f"qemu-img cannot read {disk.path} on the target", "")
    mine, other = here.image.virtual_bytes, there.image.virtual_bytes
    if mine != other:
        why = f"{disk.path} has {size(mine)} on the origin, and one of {size(other)} exists on the target"
        if size(mine) == size(other):
            why = f"{disk.path} has {mine} bytes on the origin, and one of {other} bytes exists on the target"
        return _refused(disk, why, "Remove it there, or move it away.")
    if there.kind == FILE and disk.format and there.image.format != disk.format:
        why = f"{disk.path} exists on the target in the format {there.image.format}, it must be {disk.format}"
        return _refused(disk, why, "Remove it there, or move it away.")
    if overlay and there.image.backing != here.image.backing:
        base = there.image.backing or "no file"
        why = f"{disk.path} is based on {here.image.backing or 'no file'} here, and on {base} on the target"
        return _refused(disk, why, "Remove it there, or move it away.")
    if there.kind == BLOCK and not (here.identity and there.identity):
        hint = f"If both hosts share it, it need not be copied. {CHOOSE}"
        return _refused(disk, f"whether {disk.path} is the same device on both hosts is unknown", hint)
    if there.kind == BLOCK and here.identity == there.identity:
        return shared(disk)
    return None


def shared(disk: Disk) -> Failure:
    """A disk that both hosts see: a copy would overwrite it with itself."""
    return _refused(disk, f"both hosts share {disk.path}, and the copy would overwrite it", CHOOSE)


def in_use(disk: Disk, name: str) -> Failure:
    """A disk whose image on the target belongs to another VM there."""
    return _refused(disk, f"{disk.path} on the target is a disk of {name}", "Move it away, or rename the disk here.")


def folder_of(disk: Disk) -> str:
    """The folder of its file."""
    return str(PurePosixPath(disk.path).parent)


def user_of(path: str, others: Iterable[Domain]) -> str:
    """The VM that has a file, "" if there is none."""
    return next((each.name for each in others if any(path in disk.files for disk in each.disks)), "")


def folders(disks: Iterable[Disk], there: Mapping[str, Found]) -> tuple[str, ...]:
    """The folders of the files that the target has, too."""
    existing = (each for each in disks if each.path in there and there[each.path].kind == FILE)
    return tuple(dict.fromkeys(map(folder_of, existing)))


def _refused(disk: Disk, why: str, hint: str) -> Failure:
    return Failure(f"Disk {disk.target} cannot be copied", why, hint)
