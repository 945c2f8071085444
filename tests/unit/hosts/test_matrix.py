"""Who can move VMs to whom: the cells, their reasons, and the folder of images."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fake_hosts import FakeHosts
from tests.unit.hosts.good_hosts import DOWN, all_down, good
from tui.app.commands.hosts_between import print_matrix
from tui.app.commands.output import Output
from tui.checklist.model.check import FAILED, OK, UNKNOWN, WARNING
from tui.core.failure import Failure
from tui.core.settings import Hosts as HostTables
from tui.hosts.backend.hosts import Hosts
from tui.hosts.backend.matrix import Matrix
from tui.hosts.backend.matrix_file import MatrixFile
from tui.hosts.model.facts import HostsFacts, Libvirt
from tui.hosts.model.matrix import SHARE, Cell, cell
from tui.hosts.model.ports import Tried
from tui.hosts.model.share import Share, parse_share, shared
from tui.hosts.model.ssh import REFUSED, Attempt

WAY = ("source", "destination")
NFS = Share("2", "nfs", "5f00")


def cell_of(facts: HostsFacts, shares: tuple[object, object] = (NFS, NFS)) -> Cell:
    found = cell(facts, WAY, shares, 10.0)
    assert found is not None
    return found


def test_a_vm_can_go_where_all_is_well() -> None:
    found = cell_of(good())
    assert (found.state, found.words, found.bad) == (OK, "source -> destination: can", ())
    assert found.age(22.9) == "12 s ago"


def test_the_worst_reason_comes_first_and_is_that_of_the_cell() -> None:
    old = good().at("destination").libvirt
    assert isinstance(old, Libvirt)
    older = replace(old, daemon=replace(old.daemon, libvirt_version=(9, 0, 0)))
    facts = good().with_host("destination", libvirt=older)
    assert cell_of(facts).state == WARNING
    facts = facts.with_way(*WAY, ssh=Attempt(REFUSED), peer=None)
    found = cell_of(facts)
    assert (found.state, found.words) == (FAILED, "source -> destination: can't")
    assert [reason.finding.state for reason in found.bad][:1] == [FAILED]
    assert [reason.finding.state for reason in found.bad][-1] == WARNING


def test_a_host_that_cannot_be_read_makes_its_ways_unusable_or_unknown() -> None:
    found = cell_of(all_down(), (DOWN, DOWN))
    assert found.state == FAILED  # its libvirt accepts no connection
    assert UNKNOWN in {reason.finding.state for reason in found.reasons}


@pytest.mark.parametrize("part", ["ssh", "ports", "cpu", "names"])
def test_there_is_no_cell_before_all_is_read(part: str) -> None:
    assert cell(good().with_way(*WAY, **{part: None}), WAY, (NFS, NFS), 0.0) is None


def test_a_closed_port_is_a_reason() -> None:
    facts = good().with_way(*WAY, ports=Tried("192.0.2.2", ((49152, "closed"),)))
    assert cell_of(facts).state != OK


@pytest.mark.parametrize(
    ("one", "other", "state", "words"),
    [
        (NFS, NFS, OK, "both have it on nfs"),
        (NFS, replace(NFS, filesystem="77"), OK, "both have it on nfs"),  # the ID is that of the mount
        (NFS, replace(NFS, inode="3"), WARNING, "not the same folder"),
        (Share("2", "ext2/ext3", "aa"), Share("2", "ext2/ext3", "aa"), OK, "both have it on ext2/ext3"),
        (Share("2", "ext2/ext3", "aa"), Share("2", "ext2/ext3", "bb"), WARNING, "/images on a is on its own disk"),
        (NFS, Share("2", "xfs", "bb"), WARNING, "/images on b is on its own disk"),
        (NFS, Share(), WARNING, "/images can't be read on b"),
    ],
)
def test_the_folder_of_images(one: Share, other: Share, state: str, words: str) -> None:
    found = shared("/images", ("a", one), ("b", other))
    assert found.state == state
    assert words in found.found


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("inode 2\nfilesystem nfs 5f00\n", NFS),
        ("inode 131\nfilesystem ext2/ext3 8a3c1f\n", Share("131", "ext2/ext3", "8a3c1f")),
        ("inode \nfilesystem \n", Share()),
        ("inode 2\nfilesystem nfs\n", Share()),
        ("", Share()),
    ],
)
def test_the_folder_is_parsed_from_the_output_of_its_script(text: str, share: Share) -> None:
    assert parse_share(text) == share


# -- read from hosts --


async def test_each_way_is_read_and_kept_and_each_host_once() -> None:
    world = FakeHosts(more=("host3",))
    for shell in world.shells.values():
        shell.answers = {"filesystem": "inode 2\nfilesystem nfs 5f00\n", **shell.answers}
    matrix = Hosts(world.connections, world.changes).matrix
    pairs = matrix.pairs(["source", "host3", "destination"])
    assert len(pairs) == 6
    found = [each async for each in matrix.read(pairs)]
    assert {each.pair for each in found} == {*pairs} == {*matrix.cells}
    assert not matrix.under_way
    assert all(any(reason.what == SHARE and reason.finding.state == OK for reason in each.reasons) for each in found)
    logins = [words for words in world.shells["root@host3"].commands if any("uname -n" in word for word in words)]
    assert len(logins) == 1


async def test_the_cells_are_kept_over_restarts_by_the_uris_of_their_hosts(tmp_path: Path) -> None:
    world, path = FakeHosts(more=("host3",)), tmp_path / "state" / "matrix.json"

    def start() -> Matrix:
        matrix = Hosts(world.connections, world.changes).matrix
        matrix.file = MatrixFile(world.config, path)
        return matrix

    first = start()
    await first.recall()
    assert first.cells == {}
    (found,) = [each async for each in first.read([("destination", "host3")])]
    second = start()
    await second.recall()
    (known,) = second.cells.values()
    assert known.old
    assert (known.pair, [each.what for each in known.reasons]) == (found.pair, [each.what for each in found.reasons])
    assert (known.state, known.bad[0].finding.hint) == (found.state, found.bad[0].finding.hint)
    assert known.read_at == pytest.approx(found.read_at, abs=1.0)
    assert known.age(known.read_at + 130) == "2 min ago, before this start"
    (again,) = [each async for each in second.read([("destination", "host3")])]
    assert second.cells == {again.pair: again}
    assert not again.old
    hosts = {name: replace(host, libvirt=f"test:///{name}-b") for name, host in world.config.hosts.named.items()}
    assert MatrixFile(replace(world.config, hosts=HostTables(hosts)), path).cells() == {}


@pytest.mark.parametrize("text", ["", "[]", '{"cells": 3}', '{"cells": [3, {"from": "qemu:///system"}]}', "\0"])
def test_a_damaged_file_costs_only_the_cells(tmp_path: Path, text: str) -> None:
    path = tmp_path / "matrix.json"
    path.write_text(text)
    file = MatrixFile(FakeHosts().config, path)
    assert file.cells() == {}
    file.keep([cell_of(good())])
    assert set(file.cells()) == {WAY}


async def test_one_way_is_read_without_the_other_hosts() -> None:
    world = FakeHosts(more=("host3",))
    matrix = Hosts(world.connections, world.changes).matrix
    (found,) = [each async for each in matrix.read([("destination", "host3")])]
    assert found.pair == ("destination", "host3")
    assert world.source.calls == []


async def test_a_host_that_is_down_leaves_the_other_ways_readable() -> None:
    world = FakeHosts(more=("host3",))
    away = Failure("it can't be reached", "no route")
    world.shells["root@host3"].answers = {"": away}
    world.further["host3"].failure = away
    matrix = Hosts(world.connections, world.changes).matrix
    found = {each.pair: each async for each in matrix.read(matrix.pairs(matrix.hosts))}
    assert len(found) == 6
    assert found["source", "host3"].state == FAILED
    reasons = {reason.what for reason in found["source", "destination"].reasons if reason.finding.state == UNKNOWN}
    assert "no route" not in str(reasons)


# -- on the command line --


def test_the_table_and_the_json() -> None:
    cells = [cell_of(good()), replace(cell_of(good().with_way(*WAY, ssh=Attempt(REFUSED), peer=None)), pair=WAY[::-1])]
    out = io.StringIO()
    assert print_matrix(WAY, cells, Output("hosts", out, io.StringIO()), as_json=False) == 1
    lines = out.getvalue().splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["from", "/", "to", "source", "destination"], ["source", "-", "can"], ["destination", "can't", "-"],
    ]  # fmt: skip
    assert lines[3].startswith("destination -> source: can't: ")
    out = io.StringIO()
    assert print_matrix(WAY, cells[:1], Output("hosts", out, io.StringIO()), as_json=True) == 0
    document = json.loads(out.getvalue())
    assert (document["format"], document["hosts"], document["ways"][0]["state"]) == (1, [*WAY], "ok")
    assert {"what", "state", "found", "hint"} == document["ways"][0]["reasons"][0].keys()


def test_a_group_has_its_hosts() -> None:
    world = FakeHosts(more=("host3",))
    named = dict(world.config.hosts.named)
    named |= {name: replace(named[name], groups=("rack1",)) for name in ("source", "host3")}
    config = replace(world.config, hosts=HostTables(named))
    assert config.of_group("rack1") == ("source", "host3")
    assert config.of_group("") == ("source", "destination", "host3")
    with pytest.raises(Failure, match="There is no group rack2"):
        config.of_group("rack2")
