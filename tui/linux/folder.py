"""A folder of a host: whether it is there and can be used, what is in it, and how much room is left."""

from dataclasses import dataclass

from tui.linux.script_sections import Section

ABSENT, FOLDER, OTHER, HUNG, STALE, UNREADABLE = "absent", "folder", "other", "hung", "stale", "unreadable"

LISTED = 5000  # entries; more are not compared
OUR_OWN = (".vmlm-proof-", ".nfs")  # the proof's file, and what NFS makes of one that is removed while it is open

# $1 the path. One line a fact, because names of users and groups may have spaces; the entries are last. What stands
# still is ended from outside.
SCRIPT = f"""
p=$1
while [ ! -e "$p" ] && [ ! -L "$p" ]; do printf 'missing %s\\n' "$p"; p=$(dirname -- "$p"); done
printf 'real %s\\n' "$(readlink -m -- "$1")"
stat -L -c 'mode %a
owner %U:%G
kind %F' -- "$1" || exit 1
stat -f -c 'space %a %S %d %c' -- "$1"
find "$1/" -mindepth 1 -maxdepth 1 -printf 'entry %y %s %f\\n' | head -n {LISTED}
"""


@dataclass(frozen=True)
class Folder:
    """What is at a path; `real` is it without symbolic links, `missing` what has to be made, the uppermost first."""

    path: str
    state: str
    real: str = ""
    missing: tuple[str, ...] = ()
    mode: str = ""
    owner: str = ""
    free_bytes: int = 0
    free_inodes: int = -1  # -1 where the file system counts none
    entries: tuple[tuple[str, str, int], ...] = ()  # kind as find(1) says it, name, size; in the order of the names
    said: str = ""

    @property
    def is_folder(self) -> bool:
        return self.state == FOLDER


def parse_folder(path: str, part: Section | None) -> Folder:
    """What SCRIPT printed about `path`."""
    if part is None:
        return Folder(path, UNREADABLE)
    lines: dict[str, list[str]] = {}
    for line in part.text.splitlines():
        word, _, rest = line.partition(" ")
        lines.setdefault(word, []).append(rest)
    real = next(iter(lines.get("real", [])), "") or path
    missing = tuple(reversed(lines.get("missing", [])))
    if part.timed_out:
        return Folder(path, HUNG, real)
    if "Stale file handle" in part.text:
        return Folder(path, STALE, real, said=part.text)
    if missing:
        return Folder(path, ABSENT, real, missing)
    if "kind" not in lines:
        return Folder(path, UNREADABLE, real, said=part.text)
    mode, owner, kind = (lines[word][0] for word in ("mode", "owner", "kind"))
    if kind != "directory":
        return Folder(path, OTHER, real, mode=mode, owner=owner, said=kind)
    free, inodes = _space(lines.get("space", []))
    return Folder(path, FOLDER, real, (), mode, owner, free, inodes, _entries(lines.get("entry", [])))


def _space(lines: list[str]) -> tuple[int, int]:
    numbers = [int(word) for word in lines[0].split() if word.isdecimal()] if lines else []
    if len(numbers) != 4:
        return 0, -1
    blocks, size, inodes, all_inodes = numbers
    return blocks * size, inodes if all_inodes else -1


def _entries(lines: list[str]) -> tuple[tuple[str, str, int], ...]:
    found = []
    for line in lines:
        kind, _, rest = line.partition(" ")
        size, _, name = rest.partition(" ")
        if size.isdecimal() and not name.startswith(OUR_OWN):
            found.append((kind, name, int(size)))
    return tuple(sorted(found, key=lambda entry: entry[1]))
