"""The facts about a folder, from the output of its script on a host with users and groups of a domain."""

import subprocess
from pathlib import Path

import pytest

from tui.linux.folder import ABSENT, FOLDER, HUNG, OTHER, SCRIPT, STALE, UNREADABLE, Folder, parse_folder
from tui.linux.script_sections import Section

FACTS = "real /srv/images\nmode 2775\nowner LAB\\svc virt:domain users\nkind directory\n"
SPACE = "space 3085510 4096 3085504 3085510\n"
ENTRIES = "entry d 40 old disks\nentry f 0 .nfs0001\nentry f 4096 a b.qcow2\n"
READ = Folder(
    "/srv/images",
    FOLDER,
    "/srv/images",
    mode="2775",
    owner="LAB\\svc virt:domain users",
    free_bytes=3085510 * 4096,
    free_inodes=3085504,
)
IMAGE = (
    "real /srv/images/a b.qcow2\nmode 644\nowner LAB\\svc virt:domain users\nkind regular file\n"
    "space 3085510 4096 3085504 3085510\nfind: '/srv/images/a b.qcow2/': Not a directory\n"
)
NOTHING = (
    "missing /srv/none/at all\nmissing /srv/none\nreal /srv/none/at all\n"
    "stat: cannot statx '/srv/none/at all': No such file or directory\n"
)


def test_names_with_spaces_are_parsed() -> None:
    found = parse_folder("/srv/images", Section(0, FACTS + SPACE + ENTRIES))
    assert found == Folder(
        **{**vars(READ), "entries": (("f", "a b.qcow2", 4096), ("d", "old disks", 40))}  # without the files of NFS
    )


@pytest.mark.parametrize(
    ("path", "status", "text", "state"),
    [
        ("/srv/images/a b.qcow2", 0, IMAGE, OTHER),
        ("/srv/none/at all", 1, NOTHING, ABSENT),
        ("/srv/images", 124, "real /srv/images\n", HUNG),
        ("/srv/images", 1, "real /srv/images\nstat: cannot statx '/srv/images': Stale file handle\n", STALE),
        ("/srv/images", 1, "real /srv/images\nstat: cannot statx '/srv/images': Permission denied\n", UNREADABLE),
        ("/srv/images", 0, "real /srv/images\nkind directory\n", UNREADABLE),
    ],
)
def test_each_other_state_of_a_path_is_recognized(path: str, status: int, text: str, state: str) -> None:
    assert parse_folder(path, Section(status, text)).state == state


def test_a_real_path_that_is_not_absolute_is_the_given_one() -> None:
    assert parse_folder("/srv/images", Section(0, "real  srv\n" + FACTS.partition("\n")[2])).real == "/srv/images"


def test_the_missing_folders_are_listed_parents_first() -> None:
    assert parse_folder("/srv/none/at all", Section(1, NOTHING)).missing == ("/srv/none", "/srv/none/at all")


def test_the_output_of_the_script_is_parsed(tmp_path: Path) -> None:
    (tmp_path / "vm1.qcow2").write_bytes(b"x" * 10)
    done = subprocess.run(["sh", "-c", SCRIPT, "sh", str(tmp_path)], capture_output=True, text=True, check=True)
    found = parse_folder(str(tmp_path), Section(0, done.stdout))
    assert (found.state, found.mode, found.entries) == (FOLDER, "700", (("f", "vm1.qcow2", 10),))
    assert found.owner == f"{tmp_path.owner()}:{tmp_path.group()}"
