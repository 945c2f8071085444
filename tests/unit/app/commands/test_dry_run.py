"""`vmlm-tui migrate VM --dry-run`: what it prints, and that nothing is started."""

import io
import json
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fake_hosts import FakeHosts, guest1
from tests.unit.app.configurations import MINIMAL
from tui.app.commands.dry_run import dry_run
from tui.app.commands.migrate import _parser, plan_of
from tui.app.commands.output import Output
from tui.app.config import load
from tui.app.wiring import call_of
from tui.core.command import Completed
from tui.core.failure import Failure
from tui.core.plan import PRE_COPY, Plan
from tui.migration.backend.scripts import Scripts

PLAN = Plan("guest1", PRE_COPY, bandwidth_mib_s=100)


@pytest.fixture
def world() -> FakeHosts:
    world = FakeHosts()
    world.source.known = {"guest1": guest1("running")}
    return world


async def printed(world: FakeHosts, plan: Plan = PLAN, **options: object) -> tuple[int, str, str]:
    """The exit status, stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    words = Namespace(**{"json": False, "python": False, **options})
    scripts = Scripts(world.connections, call_of)
    status = await dry_run(world.connections, scripts, plan, words, Output("migrate", out, err))
    return status, out.getvalue(), err.getvalue()


def uris(world: FakeHosts) -> tuple[str, str]:
    return world.config.hosts["source"].libvirt, world.config.hosts["destination"].peer_uri


async def test_the_commands_are_printed_and_nothing_is_started(world: FakeHosts) -> None:
    here, there = uris(world)
    status, out, err = await printed(world)
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        f"virsh -c {here} migrate-setmaxdowntime guest1 300",
        f"virsh -c {here} migrate guest1 '{there}' --live --p2p --persistent --undefinesource --bandwidth 100",
    ]
    assert [each for each in world.source.calls if "migrate" in str(each)] == []


async def test_python_prints_the_program(world: FakeHosts) -> None:
    _, out, _ = await printed(world, python=True)
    assert "domain.migrateToURI3(" in out
    assert "virsh" not in out


async def test_json_has_both_and_the_direction(world: FakeHosts) -> None:
    found = json.loads((await printed(world, json=True))[1])
    assert (found["kind"], found["origin"], found["target"], found["refused"]) == (
        "dry-run",
        "source",
        "destination",
        [],
    )
    assert found["virsh"] == (await printed(world))[1]
    assert found["python"] == (await printed(world, python=True))[1]


async def test_the_certificates_of_a_migration_with_tls_are_checked(world: FakeHosts) -> None:
    plan = Plan("guest1", PRE_COPY, tls=True)
    shell = world.shells["root@destination"]
    shell.answers = {"\nsh\nlook\n": "now 1\nfile missing ca-cert.pem\n", **shell.answers}
    status, out, err = await printed(world, plan)
    assert status == 2
    assert "--tls" in out
    assert "--tls is refused: destination has no ca-cert.pem in /etc/pki/qemu." in err
    shell.answers = {"\nsh\nconf": Completed(1, "", ""), **shell.answers}
    doubts = [
        "The TLS certificates of destination were not checked: /etc/libvirt/qemu.conf there could not be read.",
        "The TLS certificates of source were not checked: the login cannot look into /etc/pki/qemu.",
    ]
    status, _, err = await printed(world, plan)
    assert (status, err.splitlines()) == (0, [f"vmlm-tui migrate: {each}" for each in doubts])
    found = json.loads((await printed(world, plan, json=True))[1])
    assert (found["refused"], found["unchecked"]) == ([], doubts)


async def test_what_would_refuse_the_start_is_reported_below_the_commands(world: FakeHosts) -> None:
    world.source.known = {"guest1": guest1("shut off")}
    status, out, err = await printed(world)
    assert status == 2
    assert "migrate guest1" in out
    assert "guest1 cannot be migrated live: it is shut off on source" in err


async def test_a_vm_that_no_host_has_is_refused(world: FakeHosts) -> None:
    with pytest.raises(Failure, match="There is no VM"):
        await printed(world, Plan("other"))


async def test_a_vm_that_is_there_already_is_refused(world: FakeHosts) -> None:
    with pytest.raises(Failure, match="guest1 is on source already"):
        await printed(world, replace(PLAN, to="source"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--python"], "--python has no effect"),
        (["--dry-run", "--detach"], "--detach has no effect"),
        (["--dry-run", "--forecast"], "--forecast has no effect"),
    ],
)
def test_options_without_an_effect_are_refused(words: list[str], sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(MINIMAL)
    with pytest.raises(Failure, match=sentence):
        plan_of(_parser("migrate").parse(["guest1", *words]), load(path))
