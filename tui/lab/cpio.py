"""Writes the archive a Linux kernel unpacks at boot (cpio, "newc"); an initrd may consist of several."""

from dataclasses import dataclass, field

HEADER = "070701" + "%08X" * 13


@dataclass
class Archive:
    """An initial file system in memory."""

    parts: list[bytes] = field(default_factory=list)
    folders: set[str] = field(default_factory=set)

    def add(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """Adds a regular file and its missing parent folders."""
        self._add_folders_above(path)
        self._entry(path, 0o100000 | mode, content)

    def link(self, path: str, target: str) -> None:
        """Adds a symbolic link and its missing parent folders."""
        self._add_folders_above(path)
        self._entry(path, 0o120777, target.encode())

    def folder(self, path: str) -> None:
        """Adds a folder and its missing parent folders."""
        self._add_folders_above(f"{path}/.")

    def data(self) -> bytes:
        """The finished archive, padded so that another archive can follow."""
        whole = b"".join([*self.parts, _entry("TRAILER!!!", 0, b"", number=0)])
        return whole + bytes(-len(whole) % 512)

    def _add_folders_above(self, path: str) -> None:
        names = path.split("/")[:-1]
        for depth in range(1, len(names) + 1):
            folder = "/".join(names[:depth])
            if folder not in self.folders:
                self.folders.add(folder)
                self._entry(folder, 0o040755, b"")

    def _entry(self, path: str, mode: int, content: bytes) -> None:
        self.parts.append(_entry(path, mode, content, number=len(self.parts) + 1))


def _entry(path: str, mode: int, content: bytes, number: int) -> bytes:
    name = path.encode() + b"\0"
    links = 2 if mode & 0o040000 and not mode & 0o100000 else 1
    header = HEADER % (number, mode, 0, 0, links, 0, len(content), 0, 0, 0, 0, len(name), 0)
    head = header.encode() + name
    return head + bytes(-len(head) % 4) + content + bytes(-len(content) % 4)
