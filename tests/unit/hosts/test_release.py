"""Both hosts get the same release of libvirt: parsed from apt of Debian 12, compared, and made the same."""

from dataclasses import replace

import pytest

from tests.fake_hosts import answered
from tests.unit.hosts.good_hosts import change, found, good, why_not
from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, WARNING
from tui.core.failure import Failure
from tui.hosts.model.checks.release import PIN, SOURCE_LIST
from tui.hosts.model.facts import HostsFacts
from tui.hosts.model.release import Release, parse_release, upstream
from tui.hosts.model.software import Software
from tui.linux.change import AddLines, Command
from tui.linux.script_sections import parse_sections

OLD, NEW = "9.0.0-4+deb12u2", "11.3.0-2~bpo12+1"
MIRROR = "http://deb.debian.org/debian/"
SIMULATION = f"Inst libvirt0 ({OLD} Debian:12.11/oldstable [amd64])\nInst libvirt-daemon ({OLD} Debian:12 [amd64])\n"
SOURCES = f"bookworm {MIRROR}\nbookworm-security http://deb.debian.org/debian-security/\n"


def hosts(source: Release, destination: Release) -> HostsFacts:
    facts = good()
    for host, release in (("source", source), ("destination", destination)):
        software = facts.at(host).software
        assert isinstance(software, Software)
        facts = facts.with_host(host, software=replace(software, release=release))
    return facts


SET_UP = Release("bookworm", installed=NEW, suites=("bookworm", "bookworm-backports"), mirror=MIRROR)
BARE = Release("bookworm", candidate=OLD, suites=("bookworm",), mirror=MIRROR)


def test_the_release_is_read_from_apt() -> None:
    read = parse_release(parse_sections(answered(release="bookworm\n", simulation=SIMULATION, sources=SOURCES)))
    assert read == replace(BARE, suites=("bookworm", "bookworm-security"))
    assert parse_release(parse_sections(answered(release="bookworm\n", versions=f"{NEW}\n"))).version == NEW
    assert parse_release({}) == Release()


@pytest.mark.parametrize(("version", "number"), [
    (NEW, (11, 3, 0)), ("12.0-1", (12, 0, 0)), ("1:8.0.0-1ubuntu7.10", (8, 0, 0)), ("", ()), ("unknown", ()),
])  # fmt: skip
def test_the_number_of_libvirt_is_read_from_the_version_of_its_package(version: str, number: tuple[int, ...]) -> None:
    assert upstream(version) == number


def test_a_bare_host_gets_the_backports_that_make_setup_took_on_the_source() -> None:
    facts = hosts(SET_UP, BARE)
    assert found(facts, "source.release").state == OK
    finding = found(facts, "destination.release")
    assert (finding.state, finding.found) == (FAILED, f"apt would install libvirt {OLD}; the source has {NEW}")
    source, pin, update = change(facts, "destination.release").moves
    assert isinstance(source.action, AddLines)
    assert (source.action.path, source.action.lines[1:3]) == (
        SOURCE_LIST, (f"URIs: {MIRROR}", "Suites: bookworm-backports"),
    )  # fmt: skip
    assert isinstance(pin.action, AddLines)
    assert pin.action.path == PIN
    assert isinstance(update.action, Command)
    assert all((source.undo, pin.undo))


def test_a_source_of_backports_that_is_there_is_used() -> None:
    there = replace(BARE, suites=("bookworm", "bookworm-backports"), mirror="")
    actions = change(hosts(SET_UP, there), "destination.release").actions
    assert [each.text.partition(",")[0] for each in actions] == [
        f"in {PIN}", "apt-get -q -o DPkg::Lock::Timeout=120 update",
    ]  # fmt: skip


@pytest.mark.parametrize(("source", "destination", "state"), [
    (BARE, BARE, OK),
    (SET_UP, SET_UP, OK),
    (replace(SET_UP, installed=OLD), BARE, OK),
    (replace(SET_UP, installed="", candidate=NEW), BARE, FAILED),  # neither is installed, one has the pin
    (SET_UP, replace(BARE, codename="trixie", candidate="11.3.0-3"), OK),
    (SET_UP, replace(BARE, codename="noble", candidate="10.0.0-2ubuntu8"), OK),  # there are no such backports
    (SET_UP, replace(BARE, installed=OLD), WARNING),  # an upgrade could not be undone
    (SET_UP, Release(), NOT_NEEDED),
])  # fmt: skip
def test_other_pairs(source: Release, destination: Release, state: str) -> None:
    assert found(hosts(source, destination), "destination.release").state == state


def test_without_a_mirror_the_reason_is_named_and_a_dead_host_delays_no_other() -> None:
    assert "no package source" in why_not(hosts(SET_UP, replace(BARE, mirror="")), "destination.release")
    dead = hosts(SET_UP, BARE).with_host("source", software=Failure("source can't be reached"))
    assert found(dead, "destination.release").state == NOT_NEEDED
