"""Writing config.toml."""

import sys
from pathlib import Path

import pytest

from tui.app.config import check, create, load, tables
from tui.core.failure import Failure
from tui.core.settings import Config

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib
from tests.unit.app.configurations import MINIMAL, read


def full(path: Path) -> Config:
    text = MINIMAL.replace('ssh = "root@a"', 'ssh = "root@a"\npeer = "qemu+tls://a/system"')
    return read(
        path,
        f"""{text}vcpus = 3\nmemory = "1000001 B"\nssh = "u@[fe80::1]:22"
[storage]\nimages = "/i"\nexport = "/e"
[workload.memory]\nthreads = 2\nsize = "150 MiB"\nrate = "7 MiB/s"
[migration]\ntechnique = "post-copy-manual"\ntimeout = "0.1 s"\nauto_converge = true\nparallel = 4\ndowntime = "1 s"
[sampling]\ninterval = "100 ms"\n[runs]\nfolder = "/r"\n""".replace("1000001 B", "100000001 B"),
    )


def test_a_created_configuration_is_loaded_unchanged(path: Path, tmp_path: Path) -> None:
    config = full(path)
    create(config, tmp_path / "new" / "config.toml")
    assert load(tmp_path / "new" / "config.toml") == config


def test_derived_values_are_not_written(path: Path) -> None:
    hosts = tables(read(path, MINIMAL))["hosts"]
    assert hosts == {"source": {"ssh": "root@a"}, "destination": {"ssh": "root@b"}, "storage": {"ssh": "root@c"}}


def test_a_changed_address_changes_the_derived_uris(path: Path) -> None:
    found = read(path, MINIMAL)
    text = tables(found)
    text["hosts"]["destination"]["ssh"] = "root@d"
    changed, problems = check(text)
    assert problems == ()
    assert changed is not None
    assert changed.hosts["destination"].libvirt == "qemu+ssh://root@d/system?no_tty=1"


def test_create_never_replaces_a_file(path: Path) -> None:
    found = read(path, MINIMAL)
    with pytest.raises(Failure, match="the file exists already"):
        create(found, path)
    assert path.read_text() == MINIMAL


def test_create_does_not_follow_a_dangling_link(path: Path, tmp_path: Path) -> None:
    found = read(path, MINIMAL)
    link = tmp_path / "link.toml"
    link.symlink_to(tmp_path / "elsewhere.toml")
    with pytest.raises(Failure, match="the file exists already"):
        create(found, link)
    assert not (tmp_path / "elsewhere.toml").exists()


def test_a_path_that_cannot_be_written_is_one_sentence(path: Path, tmp_path: Path) -> None:
    found = read(path, MINIMAL)
    with pytest.raises(Failure, match="was not written") as raised:
        create(found, path / "config.toml")  # below a file
    assert "\n" not in str(raised.value)
    assert sorted(tmp_path.iterdir()) == [path]


def test_the_file_is_toml_with_units(path: Path, tmp_path: Path) -> None:
    create(full(path), tmp_path / "new.toml")
    written = tomllib.loads((tmp_path / "new.toml").read_text())
    assert written["vm"]["memory"] == "100000001 B"
    assert written["migration"]["timeout"] == "0.1 s"
    assert written["workload"]["memory"] == {"threads": 2, "size": "150 MiB", "rate": "7 MiB/s"}
