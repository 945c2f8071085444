"""The Perl programs that hosts run: their output, and the result on a host without Perl."""

import fcntl
import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from tui.hosts.model import userfaultfd
from tui.hosts.model.userfaultfd import CALL, NO_PERL, parse_userfaultfd
from tui.linux import perl
from tui.nfs.model.checks.image import IMAGES_SCRIPT, parse_images

TOOLS = ("sh", "readlink", "stat", "timeout", "base64", "true", "cat", "uname")
F_OFD_SETLK = 37
Folders = dict[bool, Path]


@pytest.fixture
def paths(tmp_path: Path) -> Folders:
    """Folders of programs, with Perl (True) and without (False)."""
    folders = {}
    for has_perl in (True, False):
        folder = folders[has_perl] = tmp_path / str(has_perl)
        folder.mkdir()
        for tool in (*TOOLS, *(["perl"] if has_perl else [])):
            path = shutil.which(tool)
            assert path
            (folder / tool).symlink_to(path)
    return folders


def run(argv: list[str], path: Path) -> str:
    program = shutil.which(argv[0])
    assert program
    argv = [program, *argv[1:]]
    return subprocess.run(argv, env={"PATH": str(path)}, capture_output=True, text=True, timeout=60, check=False).stdout


def test_the_arguments_of_a_program_stay_unchanged(paths: Folders) -> None:
    argv = perl.argv('print map { "<$_>" } @ARGV', "a b", "$(id)")
    assert run(argv, paths[True]) == "<a b><$(id)>"


def test_the_program_tries_userfaultfd(paths: Folders) -> None:
    number = {"x86_64": "323", "aarch64": "282"}[os.uname().machine]
    assert run(perl.argv(CALL, number), paths[True]) in ("granted", "denied", "missing")


def test_without_perl_the_call_for_userfaultfd_is_reported_as_not_made(paths: Folders) -> None:
    output = run(["sh", "-c", userfaultfd.SCRIPT, "sh", "0", "0"], paths[False])
    assert parse_userfaultfd(output).call == NO_PERL


@pytest.mark.parametrize(("has_perl", "free", "held"), [(True, False, True), (False, None, None)])
def test_the_script_detects_a_lock_on_an_image(
    has_perl: bool, free: bool | None, held: bool | None, paths: Folders, tmp_path: Path
) -> None:
    image = tmp_path / "disk.qcow2"
    image.touch()

    def locked() -> bool | None:
        (found,) = parse_images((str(image),), run(["sh", "-c", IMAGES_SCRIPT, "sh", "", str(image)], paths[has_perl]))
        assert (found.exists, found.no_perl) == (True, not has_perl)
        return found.locked

    assert locked() is free
    with image.open("r+b") as owner:
        fcntl.fcntl(owner, F_OFD_SETLK, struct.pack("hh4xqqi4x", fcntl.F_WRLCK, 0, 100, 200, 0))
        assert locked() is held
