"""/etc/fstab: what a host mounts when it starts."""

import re
from dataclasses import dataclass

from tui.linux.escapes import escaped, unescaped
from tui.linux.paths import lexical

FSTAB = "/etc/fstab"
ESCAPED = " \t\n\\"
LIBVIRT_UNITS = ("libvirtd.service", "virtqemud.service")
FIELD = re.compile(r"\S+", re.ASCII)  # Unicode spaces are part of a path


@dataclass(frozen=True)
class FstabEntry:
    """One line; `line` is its number in the file, from 1."""

    line: int
    source: str
    target: str
    type: str
    options: tuple[str, ...]

    @property
    def where(self) -> str:
        """Its place: "line 3 of /etc/fstab"."""
        return f"line {self.line} of {FSTAB}"

    @property
    def automount(self) -> bool:
        """Whether systemd mounts it at its first use, even with noauto."""
        return "x-systemd.automount" in self.options or "comment=systemd.automount" in self.options

    @property
    def by_hand(self) -> bool:
        """Whether nothing mounts it after a restart until a person does."""
        return "noauto" in self.options and not self.automount

    @property
    def before_libvirt(self) -> bool:
        """Whether libvirt's daemon starts after the mount: it waits for remote-fs.target, which ignores nofail."""
        if self.automount or "nofail" not in self.options:
            return not self.by_hand
        waiting = {each.partition("=")[2] for each in self.options if each.startswith("x-systemd.before=")}
        return bool(waiting & {*LIBVIRT_UNITS, "remote-fs.target"})


def parse_fstab(text: str) -> tuple[FstabEntry, ...]:
    """All entries; comments, empty lines and lines that mount(8) rejects are skipped."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        fields = FIELD.findall(line)
        if len(fields) < 3 or fields[0].startswith("#"):
            continue
        options = tuple(fields[3].split(",")) if len(fields) > 3 else ("defaults",)
        found.append(FstabEntry(number, unescaped(fields[0]), lexical(unescaped(fields[1])), fields[2], options))
    return tuple(found)


def fstab_line(source: str, target: str, type: str, options: str) -> str:
    """A line of the file, without dump and without fsck."""
    return f"{escaped(source, ESCAPED)} {escaped(target, ESCAPED)} {type} {options} 0 0"
