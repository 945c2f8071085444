"""Programs that a host runs in whichever language it has: both say the same, and where there is none that is said."""

import fcntl
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tui.hosts.model.userfaultfd import PERL_CALL, PYTHON_CALL
from tui.linux import perl_or_python
from tui.nfs.model.checks.image import IMAGES_SCRIPT, parse_images

TOOLS = ("sh", "readlink", "stat", "timeout", "base64", "true")
F_OFD_SETLK = 37
Folders = dict[str, Path]


@pytest.fixture
def paths(tmp_path: Path) -> Folders:
    """Folders of programs with one language, or none, by its name."""
    folders = {}
    for language in ("perl", "python3", "neither"):
        folder = folders[language] = tmp_path / language
        folder.mkdir()
        for tool in (*TOOLS, *([] if language == "neither" else [language])):
            there = os.path.realpath(sys.executable) if tool == "python3" else shutil.which(tool)
            assert there
            (folder / tool).symlink_to(there)
    return folders


def run(argv: list[str], path: Path) -> subprocess.CompletedProcess[str]:
    sh = shutil.which(argv[0])
    assert sh
    return subprocess.run(
        [sh, *argv[1:]], env={"PATH": str(path)}, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("language", ["perl", "python3"])
def test_the_language_that_is_there_is_taken_and_words_stay_words(language: str, paths: Folders) -> None:
    argv = perl_or_python.argv(
        'print "perl", map { "<$_>" } @ARGV', "import sys; print('python3', *sys.argv[1:], sep='<')", "a b", "$(id)"
    )
    assert run(argv, paths[language]).stdout.strip() in ("perl<a b><$(id)>", "python3<a b<$(id)")
    assert run(argv, paths[language]).stdout.startswith(language)


def test_without_either_it_says_so(paths: Folders) -> None:
    done = run(perl_or_python.argv("", ""), paths["neither"])
    assert (done.returncode, done.stderr) == (127, "neither perl nor python3 is there\n")


def test_both_ask_for_userfaultfd_and_are_answered_the_same(paths: Folders) -> None:
    number = {"x86_64": "323", "aarch64": "282"}[os.uname().machine]
    argv = perl_or_python.argv(PERL_CALL, PYTHON_CALL, number)
    answers = {run(argv, paths[language]).stdout.strip() for language in ("perl", "python3")}
    assert len(answers) == 1
    assert answers <= {"granted", "denied", "missing"}


@pytest.mark.parametrize(("language", "free", "held"), [
    ("perl", False, True), ("python3", False, True), ("neither", None, None),
])  # fmt: skip
def test_a_lock_on_an_image_is_seen_from_either(
    language: str, free: bool | None, held: bool | None, paths: Folders, tmp_path: Path
) -> None:
    image = tmp_path / "disk.qcow2"
    image.touch()

    def locked() -> bool | None:
        done = run(["sh", "-c", IMAGES_SCRIPT, "sh", "", str(image)], paths[language])
        (found,) = parse_images((str(image),), done.stdout)
        assert found.exists
        return found.locked

    assert locked() is free
    with image.open("r+b") as owner:
        fcntl.fcntl(owner, F_OFD_SETLK, struct.pack("hh4xqqi4x", fcntl.F_WRLCK, 0, 100, 200, 0))
        assert locked() is held
