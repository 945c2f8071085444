"""Server and client of the runner over a real unix socket."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.fakes import PATIENCE_S
from tests.unit.runner.connected import Place, Seen, reply_of, rest_of
from tests.unit.until import until
from tui.core.failure import Failure
from tui.runner import client as client_module
from tui.runner import server as server_module
from tui.runner.protocol import LONGEST_REQUEST, PROTOCOL, Stopped, decode, encode


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    made = Place(tmp_path / "s")
    await made.start()
    yield made
    await made.close()


async def test_a_request_gets_its_result(place: Place) -> None:
    assert await place.client().call("echo", a=[1, "ü"]) == {"a": [1, "ü"]}


async def test_a_refusal_keeps_all_of_its_texts(place: Place) -> None:
    with pytest.raises(Failure) as raised:
        await place.client().call("refuse")
    failure = raised.value
    assert (failure.what, failure.why, failure.hint, failure.detail) == ("It is refused", "because", "Ask later.", "x")


@pytest.mark.parametrize("action", ["crash", "unwritable"])
async def test_a_request_that_fails_unexpectedly_is_a_failure_and_the_connection_stays(
    place: Place, action: str
) -> None:
    client = place.client()
    with pytest.raises(Failure, match="The runner failed"):
        await client.call(action)
    assert await client.call("echo", a=1) == {"a": 1}
    assert len(place.sessions) == 1


async def test_concurrent_requests_get_each_their_own_result(place: Place) -> None:
    client = place.client()
    results = await asyncio.gather(*(client.call("echo", n=n) for n in range(100)))
    assert [each["n"] for each in results] == list(range(100))
    assert len(place.sessions) == 1  # they shared one connection


async def test_a_slow_request_delays_no_other(place: Place) -> None:
    client = place.client()
    slow = asyncio.ensure_future(client.call("wait", n=1))
    assert await client.call("echo", n=2) == {"n": 2}
    assert not slow.done()
    place.go.set()
    assert await slow == {"n": 1}


async def test_requests_reach_the_session_in_the_order_of_the_keys(place: Place) -> None:
    client = place.client()
    await client.open()
    replies = [client.send(f"action {n}") for n in range(50)]
    await asyncio.gather(*replies)
    session = place.sessions[0]
    assert [session.requested.get_nowait() for _ in range(50)] == [f"action {n}" for n in range(50)]


async def test_two_clients_have_each_a_session(place: Place) -> None:
    first, second = place.client(who=1), place.client(who=2)
    assert await asyncio.gather(first.call("echo", n=1), second.call("echo", n=2)) == [{"n": 1}, {"n": 2}]
    assert sorted(each.hello["who"] for each in place.sessions) == [1, 2]
    await first.close()
    closed = next(each for each in place.sessions if each.hello["who"] == 1)
    await asyncio.wait_for(closed.closed.wait(), PATIENCE_S)
    assert await second.call("echo", n=3) == {"n": 3}


async def test_notices_that_are_sent_before_a_reply_arrive_before_it(place: Place) -> None:
    seen = Seen()
    await place.client(seen).call("notify", count=1000)
    assert [each["number"] for each in seen.notices] == list(range(1000))


async def test_a_listener_that_fails_ends_no_connection(place: Place) -> None:
    seen = Seen()
    seen.fails = True
    client = place.client(seen)
    await client.call("notify", count=3)
    seen.fails = False
    await client.call("notify", count=1)
    assert len(seen.notices) == len(place.sessions) == 1
    assert not seen.lost.is_set()


# -- clients that misbehave --


@pytest.mark.parametrize("line", [b"\n", b"{\n", b"[]\n", b'{"id": true, "do": "echo"}\n', b'{"id": 1, "with": 1}\n'])
async def test_a_malformed_request_gets_a_sentence_and_the_next_one_its_result(place: Place, line: bytes) -> None:
    reader, writer = await place.raw()
    writer.write(line)
    assert (await reply_of(reader))["failure"]["what"]
    writer.write(encode({"id": 2, "do": "echo", "with": {"a": 1}}))
    assert await reply_of(reader) == {"id": 2, "result": {"a": 1}}


async def test_a_line_longer_than_the_limit_ends_only_that_connection(place: Place) -> None:
    reader, writer = await place.raw()
    writer.write(b"x" * (2 * LONGEST_REQUEST))
    assert await rest_of(reader) == b""
    assert await place.client().call("echo") == {}


async def test_a_client_killed_in_the_middle_of_a_line_ends_only_its_session(place: Place) -> None:
    _reader, writer = await place.raw()
    writer.write(b'{"id": 1, "do": "ec')
    await writer.drain()
    writer.close()
    session = await asyncio.wait_for(place.opened.get(), PATIENCE_S)
    await asyncio.wait_for(session.closed.wait(), PATIENCE_S)
    assert session.requested.empty()
    assert await place.client().call("echo") == {}


async def test_a_client_that_does_not_read_is_cut_off(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "UNREAD_BYTES", 1 << 20)
    reader, _writer = await place.raw()
    session = await asyncio.wait_for(place.opened.get(), PATIENCE_S)
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    for _ in range(100):
        session.peer.notify("records", lines=["x" * 100_000])
    await asyncio.wait_for(session.closed.wait(), PATIENCE_S)
    assert await place.client().call("echo") == {}


async def test_the_request_of_a_client_that_has_gone_is_carried_out(place: Place) -> None:
    _reader, writer = await place.raw()
    session = await asyncio.wait_for(place.opened.get(), PATIENCE_S)
    writer.write(encode({"id": 1, "do": "wait", "with": {}}))
    assert await asyncio.wait_for(session.requested.get(), PATIENCE_S) == "wait"
    writer.close()
    await asyncio.wait_for(session.closed.wait(), PATIENCE_S)
    assert not place.server.idle  # it must not be ended with the request
    place.go.set()
    await until(lambda: place.server.idle)


# -- hello --


async def test_the_first_request_must_be_hello(place: Place) -> None:
    reader, writer = await place.raw(hello=False)
    writer.write(encode({"id": 4, "do": "echo", "with": {}}))
    reply = await reply_of(reader)
    assert reply["id"] == 4
    assert reply["failure"]["what"] == "The first request to the runner is 'echo'"
    assert await rest_of(reader) == b""
    assert place.sessions == []


@pytest.mark.parametrize("refusal", [Failure("No such file", "it is missing"), KeyError("x"), UnicodeError("x")])
async def test_a_session_that_cannot_be_opened_is_a_failure_of_the_request(place: Place, refusal: Exception) -> None:
    place.refusal = refusal
    client = place.client()
    with pytest.raises(Failure) as raised:
        await client.call("echo")
    assert raised.value.what == ("No such file" if isinstance(refusal, Failure) else "The runner failed")
    place.refusal = None
    assert await client.call("echo") == {}


async def test_a_client_of_another_version_gets_a_sentence(place: Place) -> None:
    place.busy = True
    reader, writer = await place.raw(hello=False)
    writer.write(encode({"id": 0, "do": "hello", "with": {"protocol": PROTOCOL + 1, "version": "9.9"}}))
    reply = await reply_of(reader)
    assert reply["failure"]["what"] == "The runner in the background is of another version of vmlm-tui"
    assert (reply["protocol"], reply["ends"]) == (PROTOCOL, False)
    assert not place.server.ended.is_set()


@pytest.mark.parametrize("other_client", [False, True])
async def test_a_runner_without_work_ends_for_a_client_of_another_version(place: Place, other_client: bool) -> None:
    if other_client:
        await place.raw()
    reader, writer = await place.raw(hello=False)
    writer.write(encode({"id": 0, "do": "hello", "with": {"protocol": PROTOCOL + 1}}))
    assert (await reply_of(reader))["ends"] is not other_client
    assert place.server.ended.is_set() is not other_client


async def answered_by(tmp_path: Path, lines: list[bytes]) -> tuple[asyncio.AbstractServer, Place]:
    """A runner that answers each hello with the next of `lines`, then ends the connection."""
    place = Place(tmp_path / "s")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(lines.pop(0))
        writer.close()

    return await asyncio.start_unix_server(serve, place.path), place


async def test_a_client_connects_again_if_the_runner_was_about_to_end(tmp_path: Path) -> None:
    ends = encode({"id": 0, "failure": {"what": "other"}, "ends": True})
    lines = [b"", ends, encode({"id": 0, "result": {}})]
    server, place = await answered_by(tmp_path, lines)
    client = place.client()
    await client.open()
    assert lines == []
    await place.close()
    server.close()


async def test_a_runner_that_ends_at_each_hello_is_a_failure(tmp_path: Path) -> None:
    server, place = await answered_by(tmp_path, [b"", b'{"id": 0, "resu', b"", b""])
    with pytest.raises(Stopped, match="ends at once"):
        await place.client().call("echo")
    server.close()


async def test_a_runner_that_hangs_is_a_failure(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "HELLO_LIMIT_S", 0.0)
    with pytest.raises(Failure, match="The runner in the background hangs"):
        await place.client().call("echo")


# -- the runner ends --


async def test_a_pending_request_fails_when_the_runner_ends(place: Place) -> None:
    seen = Seen()
    client = place.client(seen)
    pending = [asyncio.ensure_future(client.call("wait")) for _ in range(3)]
    session = await asyncio.wait_for(place.opened.get(), PATIENCE_S)
    for _ in pending:
        await asyncio.wait_for(session.requested.get(), PATIENCE_S)
    place.end()
    for each in pending:
        with pytest.raises(Stopped, match="The runner in the background has ended"):
            await each
    await asyncio.wait_for(seen.lost.wait(), PATIENCE_S)
    assert not client.connected


@pytest.mark.parametrize("rest", [b"", b'{"id": 1, "resu', b"{}}\n", b"\xff\n"])
async def test_a_runner_that_ends_in_the_middle_of_a_reply_is_not_waited_for(tmp_path: Path, rest: bytes) -> None:
    place, seen = Place(tmp_path / "s"), Seen()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(encode({"id": 0, "result": {}}))
        assert decode(await reader.readline())["id"] == 1
        writer.write(rest)
        writer.close()

    server = await asyncio.start_unix_server(serve, place.path)
    with pytest.raises(Stopped):
        await place.client(seen).call("echo")
    await asyncio.wait_for(seen.lost.wait(), PATIENCE_S)
    await place.close()
    server.close()


async def test_the_next_request_connects_again(place: Place) -> None:
    client = place.client()
    await client.call("echo")
    place.end()
    await asyncio.wait_for(place.sessions[0].closed.wait(), PATIENCE_S)
    await place.start()
    await until(lambda: not client.connected)  # it has read the end of the connection
    assert await client.call("echo", n=2) == {"n": 2}
    assert len(place.sessions) == 2


async def test_a_request_without_a_connection_fails_at_once(place: Place) -> None:
    reply = place.client().send("echo")
    assert isinstance(reply.exception(), Stopped)


async def test_no_runner_is_a_failure_of_each_waiting_request(tmp_path: Path) -> None:
    client = Place(tmp_path / "none").client()
    results = await asyncio.gather(*(client.call("echo") for _ in range(3)), return_exceptions=True)
    assert [str(each).partition(":")[0] for each in results] == ["There is no runner"] * 3


async def test_closing_fails_what_is_pending_and_is_no_loss(place: Place) -> None:
    seen = Seen()
    client = place.client(seen)
    pending = asyncio.ensure_future(client.call("wait"))
    session = await asyncio.wait_for(place.opened.get(), PATIENCE_S)
    await asyncio.wait_for(session.requested.get(), PATIENCE_S)
    await client.close()
    with pytest.raises(Stopped):
        await pending
    await asyncio.wait_for(session.closed.wait(), PATIENCE_S)
    assert not seen.lost.is_set()
    assert not client.connected
