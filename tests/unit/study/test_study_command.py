"""`vmlm-tui study`: its words, and what it prints of a study in a runner."""

import asyncio
import io
import json
import signal
from argparse import Namespace
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.unit.app.configurations import MINIMAL
from tests.unit.study.plans import changed
from tests.unit.study.study_world import CONFIG, Make, World
from tests.unit.until import until
from tui.app import commands
from tui.app.commands import study
from tui.app.commands.output import Output
from tui.app.commands.session import Session, Signals
from tui.core.failure import Failure
from tui.runner.protocol import LONGEST_REPLY
from tui.runner.server import Peer, Server
from tui.runner.sessions import Sessions
from tui.runs.model.description import needed
from tui.study.backend.client import StudiesClient
from tui.study.backend.plan_file import example, read
from tui.study.backend.service import Session as StudySession
from tui.study.model.cell import LEGS
from tui.study.model.estimate import estimate
from tui.study.model.schedule import schedule
from tui.study.model.status import UNCHECKED, plan_lines

IDLE = changed(workload={"idle": {}}, migration={"a": {"technique": "pre-copy"}}, repeats=1)
OPTIONS = Namespace(study=None, json=False, detach=False)


class Breaking(Sessions):
    """The session of a runner; one that ends before it replies, as often as the world says."""

    def __init__(self, world: World, peer: Peer, config: str) -> None:
        super().__init__([StudySession(world.studies, config)])
        self._world = world
        self._peer = peer

    async def call(self, action: str, parameters: Any) -> Any:
        if self._world.cuts:
            self._world.cuts -= 1
            self._peer._writer.transport.abort()
        return await super().call(action, parameters)


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Callable[[World], Any]]:
    """Serves the studies of a world on a socket; returns the session of a command that uses it."""
    opened: list[Any] = []

    async def session(world: World) -> Session:
        async def open_session(peer: Peer, hello: Any) -> Sessions:
            return Breaking(world, peer, hello["config"])

        server = Server(open_session, "1", lambda: world.studies.busy)
        path = tmp_path / "socket"
        opened.append(await asyncio.start_unix_server(server.serve, path))
        client = StudiesClient(lambda: asyncio.open_unix_connection(path, limit=LONGEST_REPLY), Path(CONFIG))
        opened.append(client)
        return Session(None, client, Output("study", io.StringIO(), io.StringIO()), Signals())  # type: ignore[arg-type]

    yield session
    for each in reversed(opened):
        found = each.close()
        if found is not None:
            await found


def printed(session: Session) -> list[str]:
    return session.output._out.getvalue().splitlines()  # type: ignore[attr-defined]


async def test_a_study_is_followed_to_its_end_with_a_line_for_each_run(make: Make, serve: Any) -> None:
    world = make()
    session = await serve(world)
    assert await study._follow(session, await world.start(IDLE)) == 0
    lines = printed(session)
    assert lines[-3:-1] == ["The study small is complete.", "  idle a  2 of 2, median out 4.4 s, back 4.4 s"]
    assert "2 of 2  idle a, repeat 1, back: completed after 4.4 s" in lines
    assert lines[-1] == f"  {(await world.status())['folder']}"


async def test_a_stopped_study_says_what_continues_it(make: Make, serve: Any) -> None:
    world = make()
    session = await serve(world)
    status = await world.start(IDLE | {"settle": "1 h"})
    assert await study._stop(session, OPTIONS) == 0
    await world.finished()
    assert await study._watch(session, OPTIONS) == study.WAS_STOPPED
    assert await study._status(session, OPTIONS) == 0
    resume = f"`vmlm-tui study resume {status['id']}` continues it."
    assert [each for each in printed(session) if each.endswith(resume)][1:] == [
        f"The study small was stopped: a client requested it. {resume}"
    ] * 2
    with pytest.raises(Failure, match="No study is under way"):
        await study._stop(session, OPTIONS)


async def test_the_next_runner_is_asked_if_one_ends_before_it_replies(make: Make, serve: Any) -> None:
    world = make()
    session = await serve(world)
    status = await world.start(IDLE | {"settle": "1 h"})
    world.cuts = 1
    assert (await study._newest(session, status))["id"] == status["id"]
    assert world.cuts == 0


async def test_only_a_study_that_was_not_started_has_the_status_of_one(make: Make, serve: Any) -> None:
    world = make()
    session = await serve(world)
    assert await study._start(session, "name = 1", OPTIONS) == study.CANNOT_START
    assert session.output._err.getvalue().startswith("vmlm-tui study: The plan")
    text = tomli_w.dumps(IDLE | {"settle": "1 h"})

    def end_runner() -> bool:
        world.cuts = 9 if world.studies.busy else 0
        return world.studies.busy

    following = asyncio.ensure_future(study._start(session, text, OPTIONS))
    await until(end_runner)
    with pytest.raises(Failure):
        await following


async def test_ctrl_c_leaves_the_study_running_and_says_how_to_stop_it(make: Make, serve: Any) -> None:
    world = make()
    session = await serve(world)
    status = await world.start(IDLE | {"settle": "1 h"})
    session.signals._received(signal.SIGINT)
    assert await study._follow(session, status) == 130
    assert world.studies.busy
    assert session.output._err.getvalue() == (
        "vmlm-tui study: The study small continues in the background; "
        "`vmlm-tui study stop` stops it, `vmlm-tui study watch` follows it.\n"
    )


async def test_the_status_as_json_has_a_format(make: Make, serve: Any) -> None:
    world = make()
    session = await serve(world)
    as_json = Namespace(study=None, json=True)
    await study._status(session, as_json)
    await world.start(IDLE)
    await world.finished()
    await study._status(session, as_json)
    none, found = map(json.loads, printed(session))
    assert none == {"format": 1, "study": None}
    assert (found["study"]["state"], found["study"]["done"], found["study"]["total"]) == ("finished", 2, 2)


async def test_a_request_that_no_room_takes_is_refused(make: Make, serve: Any) -> None:
    session = await serve(make())
    with pytest.raises(Failure, match="it knows study-check, study-start, study-status, study-stop, study-resume"):
        await session.studies._client.call("dance")


async def test_a_plan_with_mistakes_is_refused_by_the_runner_too(make: Make, serve: Any) -> None:
    session = await serve(make())
    for text in ("", "x", 'name = "a"'):
        with pytest.raises(Failure, match="The plan"):
            await session.studies.start(text)


@pytest.fixture
def config(tmp_path: Path) -> list[str]:
    (tmp_path / "config.toml").write_text(MINIMAL)
    return ["--config", str(tmp_path / "config.toml")]


async def test_a_dry_run_says_whether_the_study_could_start(make: Make, serve: Any) -> None:
    world = make()
    session = await serve(world)
    known: list[Any] = []

    def lines(memory_bytes: Any) -> list[str]:
        known.append(memory_bytes)
        return ["a plan"]

    assert await study._check(session, tomli_w.dumps(IDLE), lines) == 0
    assert printed(session) == ["a plan", "It could start now: the hosts and the guests respond. Nothing was started."]
    other = tomli_w.dumps(IDLE | {"vms": "other"})
    assert await study._check(session, other, lines) == study.CANNOT_START
    assert known == [{"guest1": 1 << 30}, {}]  # the memory of the VM itself, not that of the configuration
    assert "Neither host has a VM named other" in session.output._err.getvalue()  # type: ignore[attr-defined]
    assert not list(world.folder.glob("studies"))


async def test_a_dry_run_with_a_runner_of_an_earlier_version_is_no_refusal(tmp_path: Path) -> None:
    async def open_session(_peer: Peer, _hello: Any) -> Sessions:
        return Sessions(())  # it does not know the request

    server = Server(open_session, "1", lambda: False)
    listening = await asyncio.start_unix_server(server.serve, tmp_path / "socket")
    client = StudiesClient(lambda: asyncio.open_unix_connection(tmp_path / "socket"), Path(CONFIG))
    session = Session(None, client, Output("study", io.StringIO(), io.StringIO()), Signals())  # type: ignore[arg-type]
    assert await study._check(session, tomli_w.dumps(IDLE), lambda _memory_bytes: ["a plan"]) == 0
    assert printed(session) == ["a plan", UNCHECKED, "Nothing was started."]
    with pytest.raises(Failure, match="knows no request 'study-start'"):
        await client.start("")
    await client.close()
    listening.close()


def test_a_plan_is_said_in_lines_before_it_starts() -> None:
    def lines(text: str) -> list[str]:
        plan, cells = read(text, "guest1", "lab")
        return plan_lines(plan, cells, estimate(plan, (), schedule(plan, cells, 0), {}, {"guest1": 1 << 30}))

    lab = lines(example("lab"))
    assert lab[0] == "lab: 2 settings, there and back, 6 times: 24 runs; 1 more to warm up is dropped."
    name = "memory pre-copy: guest1; memory, 2 threads x 60 MiB, 30 MiB/s; pre-copy, at most 64 MiB/s"
    assert f"  {name}" in lab
    assert lab[-2].startswith("It takes about ")
    assert " is censored: pre-copy is cancelled, post-copy completes; " in lab[-1]
    assert lines(example("lab").replace("30 MiB/s", "100 MiB/s"))[-2].endswith(
        "each run of these takes longer than the limit: memory pre-copy."
    )
    once = lines(example("lab").replace("repeats = 6", "repeats = 1"))
    assert once[0].startswith("lab: 2 settings, there and back, 1 time: 4 runs; ")


def test_each_mistake_of_a_plan_is_a_line_with_its_file(
    tmp_path: Path, config: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    plan = tmp_path / "p.toml"
    plan.write_text('name = "a"\nrepeats = 0\nspeed = 3\n')
    assert commands.run("study", [str(plan), *config]) == commands.CANNOT_START
    errors = capsys.readouterr().err.splitlines()
    assert [each.partition(f"{plan}: ")[2].partition(":")[0] for each in errors] == ["speed", "repeats"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "FILE is missing."),
        (("status", "--detach"), "--detach has no meaning here."),
        (("stop", "x"), "'x' has no meaning here."),
        (("a.toml", "b.toml"), "'b.toml' has no meaning here."),
        (("none.toml",), "none.toml does not exist. `vmlm-tui study --example lab` prints a plan to start from."),
        (("/",), "/ cannot be read: Is a directory. A TOML file is expected."),
        (("--example", "other"), "argument --example: invalid choice"),
    ],
)
def test_wrong_words_are_refused(
    words: tuple[str, ...], sentence: str, config: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.run("study", [*words, *config]) == commands.CANNOT_START
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("name", study.EXAMPLES)
def test_the_examples_have_repeats_enough_for_each_comparison_that_runs_compare_makes(name: str) -> None:
    plan, cells = read(example(name), "guest1", name)
    comparisons = LEGS * (len(cells) - 1)  # of each direction with its first group
    assert plan.repeats >= needed(comparisons)


@pytest.mark.parametrize("name", study.EXAMPLES)
def test_the_examples_are_plans(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.run("study", ["--example", name]) == 0
    plan, cells = read(capsys.readouterr().out, "guest1", name)
    assert (plan.name, bool(cells)) == (name, True)


def test_a_file_that_is_no_plan_is_a_sentence() -> None:
    with pytest.raises(Failure, match=r"x is not valid TOML: .* Tables and key = value lines are expected"):
        read("a = [", "", "x")


async def test_a_started_study_is_reported_to_end_with_the_runner_at_a_logout() -> None:
    session = Session(
        None,  # type: ignore[arg-type]
        None,  # type: ignore[arg-type]
        Output("study", io.StringIO(), io.StringIO()),
        None,  # type: ignore[arg-type]
        lambda: Failure("A logout ends it"),
    )
    detached = Namespace(study=None, json=False, detach=True)
    assert await study._begun(session, {"id": "a study"}, detached) == 0
    assert printed(session) == ["a study"]
    assert session.output._err.getvalue() == "vmlm-tui study: A logout ends it.\n"  # type: ignore[union-attr]
