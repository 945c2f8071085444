"""Traces that setup and undo may leave on a machine: files of /etc, image folders, mounts, packages."""

import base64
import io
import tarfile
from collections.abc import Iterator
from difflib import unified_diff

# One `name<tab>value` a line, without the mounts of the system itself.
TRACES = r"""
export LC_ALL=C
find /var/lib/libvirt* -printf '%p\t%y %m %U:%G %l\n'
awk '$2 !~ "^/(dev|proc|run|sys)(/|$)" { print "mount on " $2 "\t" $1 " " $3 " " $4 }' /proc/self/mounts
dpkg-query -W -f 'package ${Package}\t${db:Status-Abbrev} ${Version}\n'
printf 'archive\t'
tar -C / -cf - --sort=name etc | base64 -w 0
"""
# The passwd tools write them whenever a package creates or removes a user: the version before the last change.
BACKUPS = tuple(f"/etc/{name}-" for name in ("passwd", "shadow", "group", "gshadow"))
CONTENT = "content of "


def parse_traces(text: str) -> dict[str, str]:
    """The values by name: `/etc/fstab`, `content of /etc/fstab`, `mount on /`, `package sudo`."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition("\t")
        found.update(_files(base64.b64decode(value)) if name == "archive" else [(name, value)])
    return found


def _files(archive: bytes) -> Iterator[tuple[str, str]]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        for each in files:
            name = f"/{each.name}"
            if name not in BACKUPS:
                kind = "d" if each.isdir() else "l" if each.issym() else "f"
                yield name, f"{kind} {each.mode:o} {each.uid}:{each.gid} {each.linkname}".rstrip()
                if content := files.extractfile(each) if each.isfile() else None:
                    yield CONTENT + name, content.read().decode(errors="backslashreplace")


def differences(before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]) -> str:
    """What was added, removed and changed on each machine, a line each, with diffs of files; empty if nothing was."""
    return "\n".join(
        f"{machine}: {line}" for machine in before for line in _changes(before[machine], after.get(machine, {}))
    )


def _changes(before: dict[str, str], after: dict[str, str]) -> Iterator[str]:
    for name in sorted({*before, *after}, key=lambda name: (name.removeprefix(CONTENT), name)):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if name.startswith(CONTENT):
            file = name.removeprefix(CONTENT)
            yield from unified_diff((old or "").splitlines(), (new or "").splitlines(), file, file, lineterm="", n=1)
        elif old is None or new is None:
            yield f"added {name}: {new}" if old is None else f"removed {name}: {old}"
        else:
            yield f"changed {name}: {old} -> {new}"
