"""`vmlm-tui evacuate`, `bring-back` and `queue`: their words, and what they print of a queue in a runner."""

import asyncio
import io
import json
import signal
from argparse import Namespace
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.queue.rack import BLOCKED, CONFIG, Room
from tui.app import commands
from tui.app.commands import evacuate, queue
from tui.app.commands.output import Output
from tui.app.commands.session import Session, Signals
from tui.core.failure import Failure
from tui.queue.backend.client import QueueClient
from tui.queue.backend.requests import Wish
from tui.queue.backend.service import Session as QueueSession
from tui.queue.model.limits import Limits
from tui.queue.model.plan import BACK, EVACUATE
from tui.runner.protocol import LONGEST_REPLY
from tui.runner.server import Server
from tui.runner.sessions import Sessions

Make = Callable[..., Room]
WISH = Wish(host="a", to=("b", "c"))
OPTIONS = Namespace(json=False, dry_run=False)


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Callable[[Room], Any]]:
    """Serves the queues of a room on a socket; returns a client, and the session of a command."""
    opened: list[Any] = []

    async def session(room: Room) -> tuple[QueueClient, Session]:
        async def open_session(_peer: Any, hello: Any) -> Sessions:
            return Sessions([QueueSession(room.queues, hello["config"])])

        server = Server(open_session, "1", lambda: room.queues.busy)
        path = tmp_path / "socket"
        opened.append(await asyncio.start_unix_server(server.serve, path))
        client = QueueClient(lambda: asyncio.open_unix_connection(path, limit=LONGEST_REPLY), Path(CONFIG))
        opened.append(client)
        return client, Session(None, None, Output("queue", io.StringIO(), io.StringIO()), Signals())  # type: ignore[arg-type]

    yield session
    for each in reversed(opened):
        found = each.close()
        if found is not None:
            await found


def printed(session: Session) -> list[str]:
    return session.output._out.getvalue().splitlines()  # type: ignore[attr-defined]


async def test_an_evacuation_is_shown_planned_and_followed_to_its_end(make: Make, serve: Any) -> None:
    room = make(2)
    room.rack["vm2"].devices = BLOCKED
    client, session = await serve(room)
    assert await evacuate.evacuate(session, client, WISH, OPTIONS) == evacuate.REMAINS
    lines = printed(session)
    assert lines[0].split() == ["VM", "from", "to", "memory", "takes"]
    assert lines[1].split() == ["1", "vm1", "a", "b", "128", "MiB", "unknown"]
    assert lines[2].endswith("cannot move: It has a vhost-scsi device, which QEMU can't migrate.")
    assert "Empties a: 1 VM to move, 1 cannot move." in lines
    assert "1 of 1  vm1 was moved to b in 4.4 s, its pause was 190 ms." in lines
    assert "The queue that empties a is done: 1 moved, 1 cannot move." in lines
    assert "How long it takes is unknown: no earlier migration shows how fast the links are." in lines
    maintenance = "a is in maintenance: nothing is proposed to go there."
    assert f"{maintenance} `vmlm-tui bring-back a` brings its VMs back, and ends that." in lines
    status = await room.status()
    assert lines[-2:] == [f"`vmlm-tui runs list queue:={status['id']}` lists its migrations.", f"  {status['folder']}"]

    assert await evacuate.evacuate(session, client, Wish(BACK, "a"), OPTIONS) == 0
    assert "The queue that brings the VMs of a back is done: 1 moved." in printed(session)


async def test_a_host_that_refused_a_vm_is_named_while_it_goes_elsewhere_and_at_the_end(make: Make, serve: Any) -> None:
    room = make(1)
    room.rack["vm1"].refusals["migrate"].append(Failure("The migration of vm1 failed", "its disk is locked"))
    client, session = await serve(room)
    assert await evacuate.evacuate(session, client, WISH, OPTIONS) == 0
    refused = "It could not be moved to b: The migration of vm1 failed: its disk is locked."
    lines, moved = printed(session), f"vm1 was moved to c in 4.4 s, its pause was 190 ms. {refused}"
    assert f"1 of 1  {moved}" in lines
    assert lines[lines.index("The queue that empties a is done: 1 moved.") + 1] == f"  {moved}"


async def test_a_dry_run_starts_nothing(make: Make, serve: Any) -> None:
    room = make(1)
    client, session = await serve(room)
    assert await evacuate.evacuate(session, client, WISH, Namespace(json=True, dry_run=True)) == 0
    (line,) = printed(session)
    assert json.loads(line)["plan"]["entries"][0]["target"] == "b"
    assert await client.status() is None
    assert await queue._do(session, client, Namespace(what=queue.STATUS, name=None, json=False)) == 0
    assert printed(session)[-1] == queue.NONE


async def test_ctrl_c_leaves_it_running(make: Make, serve: Any) -> None:
    room = make(1)
    room.rack["vm1"].held = True
    client, session = await serve(room)
    status = await client.start(await client.plan(WISH))
    session.signals.number = signal.SIGINT
    assert await queue.follow(session, client, status, as_json=False) == 128 + signal.SIGINT
    assert "continues in the background" in session.output._err.getvalue()
    assert (await client.status())["state"] == "running"


async def test_the_queue_is_paused_and_stopped_by_words(make: Make, serve: Any) -> None:
    room = make(3)
    room.rack["vm1"].held = True
    client, session = await serve(room)
    await client.start((await client.plan(WISH)).with_limits(Limits(at_once=1)))

    async def do(what: str, **options: Any) -> str:
        before = len(printed(session))
        await queue._do(
            session, client, Namespace(what=what, **{"json": False, "name": None, "cancel": False, **options})
        )
        return "\n".join(printed(session)[before:])

    text = await do(queue.PAUSE)
    assert "The queue that empties a is paused" in text
    assert "`vmlm-tui queue resume` goes on with it." in text
    assert "vm3 was taken out: a client took it out." in await do(queue.TAKE_OUT, name="vm3")
    assert "works" in await do(queue.RESUME)
    limits = {"at_once": "3", "bandwidth": "64MiB/s", "per_host": None, "stop_after": "0", "elsewhere": None}
    text = await do(queue.SET, **limits)
    assert "At most 3 at once, 2 for each host, 64 MiB/s shared by all; never stops at a failure" in text
    assert "is stopping" in await do(queue.STOP)
    room.rack.let_go()
    assert json.loads(await do(queue.WATCH, json=True))["queue"]["state"] == "stopped"


async def test_the_mark_is_taken_off_alone(make: Make, serve: Any) -> None:
    client, session = await serve(make(1))
    with pytest.raises(Failure, match="a is not in maintenance"):
        await evacuate._take_mark_off(session, client, "a")
    assert set(await client.mark("a", on=True)) == {"a"}
    assert await evacuate._take_mark_off(session, client, "a") == 0
    assert await client.marks() == {}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["set"], "a limit is missing"),
        (["pause", "--at-once", "2"], "the limits belong to `set`"),
        (["set", "--at-once", "0"], "a whole number from 1 to 100 is expected"),
        (["set", "--bandwidth", "fast"], "--bandwidth"),
    ],
)
def test_limits_that_cannot_be_set_are_refused(words: list[str], why: str) -> None:
    with pytest.raises(Failure) as refused:
        queue.main("queue", words)
    assert why in str(refused.value)


def test_the_words_become_a_wish() -> None:
    words = ["a", "--to", "b", "c", "--at-once", "3", "--bandwidth", "100MiB/s", "--stop-after", "0", "--no-elsewhere"]
    found = evacuate.wish_of(evacuate.EVACUATE, evacuate._parser(evacuate.EVACUATE).parse(words))
    assert found == Wish(EVACUATE, "a", to=("b", "c"), limits=Limits(3, 2, 100 << 20, 0, elsewhere=False))
    words = ["a", "--preset", "fast lan"]
    found = evacuate.wish_of(evacuate.BRING_BACK, evacuate._parser(evacuate.BRING_BACK).parse(words))
    assert found == Wish(BACK, "a", preset="fast lan")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["evacuate"], "HOST is missing"),
        (
            ["evacuate", "a", "--at-once", "0"],
            "--at-once '0' is not possible: a whole number from 1 to 100 is expected",
        ),
        (["evacuate", "a", "--stop-after", "x"], "--stop-after 'x' is not possible"),
        (["evacuate", "a", "--bandwidth", "much"], "--bandwidth: "),
        (["evacuate", "a", "--technique", "magic"], "argument --technique: invalid choice"),
        (["bring-back", "a", "--to", "b"], "unrecognized arguments: --to b"),
        (["queue", "take-out"], "VM is missing"),
        (["queue", "pause", "vm1"], "'vm1' has no meaning here"),
        (["queue", "list", "evacuate-a"], "'evacuate-a' has no meaning here"),
        (["queue", "pause", "--cancel"], "--cancel has no meaning here"),
        (["queue", "jump"], "invalid choice: 'jump'"),
    ],
)
def test_wrong_words_are_sentences(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.run(words[0], words[1:]) == commands.CANNOT_START
    assert message in capsys.readouterr().err
