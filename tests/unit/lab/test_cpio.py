"""The archive a kernel unpacks at boot, checked with a strict reader of the format."""

import stat

from tui.lab.cpio import Archive


def entries(data: bytes) -> dict[str, tuple[int, bytes]]:
    """Every entry of a newc archive as name -> (mode, content); fails on any deviation from the format."""
    found = {}
    at = 0
    while True:
        assert data[at : at + 6] == b"070701", f"no header at {at}"
        fields = [int(data[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(13)]
        mode, size, name_size = fields[1], fields[6], fields[11]
        name = data[at + 110 : at + 110 + name_size]
        assert name.endswith(b"\0")
        at = aligned(at + 110 + name_size)
        if name == b"TRAILER!!!\0":
            return found
        found[name[:-1].decode()] = (mode, data[at : at + size])
        at = aligned(at + size)


def aligned(at: int) -> int:
    return (at + 3) // 4 * 4


def test_files_links_and_folders_keep_their_modes() -> None:
    archive = Archive()
    archive.folder("proc")
    archive.add("etc/deep/file", b"odd", 0o600)
    archive.add("init", b"#!/bin/sh\n", 0o755)
    archive.link("sbin/init", "../bin/busybox")
    found = entries(archive.data())
    assert found["etc/deep/file"] == (stat.S_IFREG | 0o600, b"odd")
    assert found["init"] == (stat.S_IFREG | 0o755, b"#!/bin/sh\n")
    assert found["sbin/init"] == (stat.S_IFLNK | 0o777, b"../bin/busybox")
    assert found["proc"] == (stat.S_IFDIR | 0o755, b"")


def test_a_folder_comes_once_and_before_its_content() -> None:
    archive = Archive()
    archive.add("etc/ssh/key", b"1")
    archive.add("etc/ssh/other", b"2")
    assert list(entries(archive.data())) == ["etc", "etc/ssh", "etc/ssh/key", "etc/ssh/other"]
    assert archive.data().count(b"etc/ssh\0") == 1


def test_an_archive_is_padded_so_that_another_can_follow() -> None:
    for size in range(1, 9):
        archive = Archive()
        archive.add("file", b"x" * size)
        assert len(archive.data()) % 512 == 0
