"""A folder of a host: whether it exists and is usable, its entries and its free space."""

from dataclasses import dataclass

from tui.core.quantity import whole
from tui.linux.script_sections import Section

ABSENT, FOLDER, OTHER, HUNG, STALE, UNREADABLE = "absent", "folder", "other", "hung", "stale", "unreadable"

LISTED = 5000  # entries; further ones are not compared
IGNORED = (".vmlm-proof-", ".nfs")  # the file of the proof, and removed files that NFS keeps while they are open

# $1 the path. One fact a line, because names of users and groups may have spaces; the entries are last.
# The first line mounts a folder that is mounted at first use, because stat(1) does not.
SCRIPT = f"""
p=$1
[ -e "$p/." ] || :
while [ ! -e "$p" ] && [ ! -L "$p" ]; do printf 'missing %s\\n' "$p"; p=$(dirname -- "$p"); done
printf 'real %s\\n' "$(readlink -m -- "$1")"
stat -L -c 'mode %a
owner %U:%G
uid %u
kind %F' -- "$1" || exit 1
stat -f -c 'space %a %S %d %c' -- "$1"
find "$1/" -mindepth 1 -maxdepth 1 -printf 'entry %y %s %f\\n' | head -n {LISTED}
"""


@dataclass(frozen=True)
class Folder:
    """What exists at a path; `real` has no symbolic links, `missing` are the folders to create, the parents first."""

    path: str
    state: str
    real: str = ""
    missing: tuple[str, ...] = ()
    mode: str = ""
    owner: str = ""
    free_bytes: int = 0
    free_inodes: int = -1  # -1 if the file system has no limit
    entries: tuple[tuple[str, str, int], ...] = ()  # type as find(1) prints it, name, size; sorted by name
    uid: int = -1  # of the owner; -1 if unknown
    output: str = ""  # of the script; the file type if it is not a folder

    @property
    def is_folder(self) -> bool:
        """Whether it exists and is a folder."""
        return self.state == FOLDER


def parse_folder(path: str, part: Section | None) -> Folder:
    """The folder at `path`, from the output of SCRIPT."""
    if part is None:
        return Folder(path, UNREADABLE)
    lines: dict[str, list[str]] = {}
    for line in part.text.splitlines():
        word, _, rest = line.partition(" ")
        lines.setdefault(word, []).append(rest)
    real = next((line for line in lines.get("real", []) if line.startswith("/")), path)
    missing = tuple(reversed(lines.get("missing", [])))
    if part.timed_out:
        return Folder(path, HUNG, real)
    if "Stale file handle" in part.text:
        return Folder(path, STALE, real, output=part.text)
    if missing:
        return Folder(path, ABSENT, real, missing)
    if not {"mode", "owner", "kind"} <= lines.keys():
        return Folder(path, UNREADABLE, real, output=part.text)
    mode, owner, kind = (lines[word][0] for word in ("mode", "owner", "kind"))
    if kind != "directory":
        return Folder(path, OTHER, real, mode=mode, owner=owner, output=kind)
    free, inodes = _space(lines.get("space", []))
    uid = whole(lines.get("uid", [""])[0])
    entries = _entries(lines.get("entry", []))
    return Folder(path, FOLDER, real, (), mode, owner, free, inodes, entries, -1 if uid is None else uid)


def _space(lines: list[str]) -> tuple[int, int]:
    numbers = [number for line in lines[:1] for word in line.split() if (number := whole(word)) is not None]
    if len(numbers) != 4:
        return 0, -1
    blocks, size, inodes, all_inodes = numbers
    return blocks * size, inodes if all_inodes else -1


def _entries(lines: list[str]) -> tuple[tuple[str, str, int], ...]:
    found = []
    for line in lines:
        kind, _, rest = line.partition(" ")
        digits, _, name = rest.partition(" ")
        size = whole(digits)
        if size is not None and not name.startswith(IGNORED):
            found.append((kind, name, size))
    return tuple(sorted(found, key=lambda entry: entry[1]))
