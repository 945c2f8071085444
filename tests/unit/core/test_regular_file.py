"""Files that are opened to read them, and what is refused in their place."""

import os
import socket
from pathlib import Path

import pytest

from tui.core.regular_file import open_regular, read_regular


def test_a_file_is_read_also_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "file") == read_regular(tmp_path / "link") == b"text"


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "socket"))
    for name in ("pipe", "socket", "/dev/zero", "/dev/null", ".", "missing"):
        with pytest.raises(OSError, match=str(tmp_path / name)):
            open_regular(tmp_path / name)
    server.close()


def test_no_descriptor_stays_open_after_a_refusal(tmp_path: Path) -> None:
    before = os.listdir("/proc/self/fd")  # noqa: PTH208 - only their number counts
    for _ in range(3):
        with pytest.raises(IsADirectoryError):
            open_regular(tmp_path)
    assert len(os.listdir("/proc/self/fd")) == len(before)  # noqa: PTH208
