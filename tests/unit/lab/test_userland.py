"""Userlands: which hosts get which release, where its packages come from, and why a build failed."""

from pathlib import Path

import pytest

from tui.core.failure import Failure
from tui.lab import lab, userland
from tui.lab.domain import newest_common
from tui.lab.place import Place

TARGETS = """Debian Backports|http://mirror.example/debian/
Debian-Security|http://mirror.example/debian-security/
Debian|http://mirror.example/debian/
|https://packages.example/apt/
"""
DUMP = """APT "";
Acquire "";
Acquire::http "";
Acquire::http::Proxy "http://proxy.example:3128";
Acquire::https::CAInfo "/etc/ssl/own.pem";
Acquire::Languages "none";
"""
NO_RELEASE = """I: running apt-get update...
Err:2 http://mirror.example/debian nosuch Release
404  Not Found [IP: 192.0.2.1 80]
E: The repository 'http://mirror.example/debian nosuch Release' does not have a Release file.
E: apt-get update -oAPT::Status-Fd=<$fd> -oDpkg::Use-Pty=false failed
I: main() received signal PIPE: waiting for setup...
""".splitlines()
FULL = """I: extracting archives...
tar: ./usr/bin/perl: Cannot write: No space left on device
E: tar failed
E: run_extract failed
""".splitlines()


def test_a_suite_alone_is_for_both_hypervisors_and_a_later_word_wins() -> None:
    assert userland.parse(["sid"]) == {"source": "sid", "destination": "sid"}
    assert userland.parse(["destination=trixie"]) == {"destination": "trixie"}
    assert userland.parse(["sid", "source=trixie"]) == {"source": "trixie", "destination": "sid"}


@pytest.mark.parametrize("word", ["storage=sid", "nowhere=sid", "../x", "destination=", "", "source=/etc"])
def test_a_word_that_names_no_hypervisor_or_release_is_refused(word: str) -> None:
    with pytest.raises(Failure):
        userland.parse([word])


def test_the_stored_choice_is_read_again(tmp_path: Path) -> None:
    place = Place("some")
    place.userlands = tmp_path / "userlands"
    assert userland.chosen(place) == {}
    userland.choose(place, {"source": "trixie", "destination": "sid"})
    assert userland.chosen(place) == {"source": "trixie", "destination": "sid"}


def test_the_mirror_is_the_one_of_this_machine() -> None:
    assert userland.parse_mirror(TARGETS) == "http://mirror.example/debian/"
    assert userland.parse_mirror("Ubuntu|http://archive.example/ubuntu/\n") == ""


def test_proxies_and_certificates_of_this_machine_are_kept() -> None:
    assert userland.parse_connection(DUMP) == [
        'Acquire::http::Proxy "http://proxy.example:3128";',
        'Acquire::https::CAInfo "/etc/ssl/own.pem";',
    ]


def test_the_cause_of_a_failed_build_is_the_line_that_says_it() -> None:
    assert userland.cause(NO_RELEASE) == (
        "The repository 'http://mirror.example/debian nosuch Release' does not have a Release file"
    )
    assert userland.cause(FULL) == "tar: ./usr/bin/perl: Cannot write: No space left on device"
    assert userland.cause(["Killed"]) == "Killed"
    assert userland.cause([]) == "it printed nothing"


def test_each_suite_has_its_own_folder() -> None:
    assert userland.tree("sid") == userland.tree("sid") != userland.tree("trixie")


def test_the_cache_is_kept_while_a_host_runs_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "STATE", tmp_path / "state")
    monkeypatch.setattr(lab, "CACHE", tmp_path / "cache")
    (tmp_path / "state/other").mkdir(parents=True)
    (tmp_path / "cache").mkdir()
    (tmp_path / "state/other/userlands").write_text("source=sid\n")
    with pytest.raises(Failure, match="in use by lab 'other'"):
        lab.purge()
    assert (tmp_path / "cache").exists()
    (tmp_path / "state/other/userlands").unlink()
    lab.purge()
    assert not (tmp_path / "cache").exists()


def test_the_machine_type_is_the_newest_that_both_versions_have() -> None:
    old = "pc-i440fx-9.2         Standard PC\npc                   Standard PC (alias of pc-i440fx-10.0)\n"
    old += "pc-i440fx-10.0       Standard PC (default)\n"
    new = "pc-i440fx-11.1       Standard PC (default)\npc-i440fx-9.2        Standard PC\n"
    new += "pc-i440fx-10.0       Standard PC\n"
    assert newest_common([old, new]) == "pc-i440fx-10.0"
    with pytest.raises(Failure, match="no machine type in common"):
        newest_common(["pc-i440fx-11.1       Standard PC\n", "pc-i440fx-2.0        Standard PC\n"])
