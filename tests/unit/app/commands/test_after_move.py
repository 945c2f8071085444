"""`vmlm-tui announce` and `clock`."""

import io
from argparse import Namespace
from types import SimpleNamespace

import pytest

from tests.fake_agent import FakeAgent
from tests.fake_hosts import FakeHosts, guest1, guest_xml
from tui.app.commands.after_move import follow_up
from tui.app.commands.output import Output, with_commands
from tui.core import actions
from tui.core.failure import Failure
from tui.core.protocols import BY_LIBVIRT, BY_MONITOR
from tui.migration.backend.after.after_move import AfterMove


@pytest.fixture
def world() -> FakeHosts:
    world = FakeHosts()
    world.source.known = {"guest1": guest1("running")}
    world.source.definitions["guest1"] = guest_xml(guest1("running"))
    world.source.agents["guest1"] = FakeAgent()
    world.shells[""].answers = {"date": "1700000000.000000000\n"}
    return world


async def printed(world: FakeHosts, verb: str, *, chosen: bool = False) -> str:
    out = io.StringIO()
    session = SimpleNamespace(output=Output(verb, out, io.StringIO()))
    words = Namespace(vm="guest1", chosen=chosen)
    assert await follow_up(verb, session, AfterMove(world.connections), words) == 0  # type: ignore[arg-type]
    return out.getvalue()


async def test_libvirts_call_needs_no_option(world: FakeHosts) -> None:
    world.source.announces = BY_LIBVIRT
    assert "guest1 announces its network addresses on source again" in await printed(world, "announce")


async def test_the_monitor_needs_an_option_because_it_taints_the_vm(world: FakeHosts) -> None:
    with pytest.raises(Failure, match=r"tainted .* With --monitor it is done nevertheless\."):
        await printed(world, "announce")
    assert world.source.announced == []
    await printed(world, "announce", chosen=True)
    assert world.source.announced == [("guest1", BY_MONITOR)]


async def test_why_it_is_not_possible_comes_before_the_option(world: FakeHosts) -> None:
    world.source.known["guest1"] = guest1("shut off")
    with pytest.raises(Failure, match="guest1 can't be announced: shut off on source"):
        await printed(world, "announce")


async def test_the_clock_is_compared_or_set(world: FakeHosts) -> None:
    assert "ahead of source's" in await printed(world, "clock")
    assert "before, it was" in await printed(world, "clock", chosen=True)


def test_a_sentence_on_the_command_line_names_the_commands() -> None:
    assert with_commands(f"{actions.ANNOUNCE} helps, {actions.CLOCK} too.", "a b") == (
        "`vmlm-tui announce 'a b'` helps, `vmlm-tui clock --set 'a b'` too."
    )
