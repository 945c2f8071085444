"""The commands without a process: their words, and the lines that they print."""

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.ui.replay import ReplayedMigration, ReplayedMigrations, recording
from tests.unit.app.test_main import MINIMAL
from tui.app import commands
from tui.app.commands import migrate
from tui.app.commands.control import under_way
from tui.app.commands.follow import Follower
from tui.app.commands.lines import EventLines, exit_status, json_lines, result_json
from tui.app.commands.output import Output, columns, cut, with_commands
from tui.app.commands.session import Session
from tui.app.commands.status import status
from tui.app.commands.watch import chosen
from tui.core.failure import Failure
from tui.core.plan import NOT_ALLOWED, Plan
from tui.core.quantity import clock
from tui.migration.model import record
from tui.migration.model.points import MOST
from tui.migration.model.record import Event, Record, Sample, to_line
from tui.migration.model.timeline import Timeline

NAMES = ("cancelled", "failed", "link-cut", "post-copy-by-hand", "pre-copy-idle", "ended-unwatched")


@pytest.fixture
def config(path: Path) -> Path:
    path.write_text(
        f'{MINIMAL}[migration]\ntechnique = "post-copy-timeout"\nauto_converge = true\nbandwidth = "7 MiB/s"\n'
    )
    return path


@pytest.fixture
def planned(config: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `vmlm-tui migrate`; returns the plan that it would start."""
    plans: list[Plan] = []

    def run(_verb: str, options: Any, read: Any, *_: Any, **__: Any) -> int:
        plans.append(migrate.plan_of(options, read))
        return 0

    monkeypatch.setattr(migrate, "run", run)

    def plan(*words: str) -> Plan:
        assert commands.run("migrate", ["--config", str(config), *words]) == 0
        return plans[-1]

    return plan


def test_what_is_not_given_is_as_configured(planned: Any) -> None:
    assert planned("guest1") == Plan("guest1", "post-copy-timeout", 25.0, 7, 300, auto_converge=True, parallel=0)


def test_given_values_replace_the_configured_ones(planned: Any) -> None:
    words = ("--timeout", "2 min", "--downtime", "1.5s", "--bandwidth", "0", "--no-auto-converge", "--parallel", "4")
    assert planned("a b", *words) == Plan("a b", "post-copy-timeout", 120.0, 0, 1500, auto_converge=False, parallel=4)


def test_automatic_without_post_copy_slows_the_vm_down(planned: Any) -> None:
    plan = planned("x", "--technique", "automatic", "--no-post-copy")
    assert (plan.post_copy, plan.auto_converge, plan.post_copy_refused) == (False, True, NOT_ALLOWED)


def test_the_longest_total_time_is_an_option_of_automatic(planned: Any) -> None:
    assert planned("x", "--technique", "automatic", "--total", "2 min").total_s == 120.0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("migrate",), "VM is missing. vmlm-tui migrate --help shows what is expected."),
        (("migrate", "x", "--json", "--detach"), "argument --detach: not allowed with argument --json."),
        (
            ("migrate", "x", "--to", "storage"),
            "--to storage: there is no such host. The hosts are source, destination.",
        ),
        (("migrate", "x", "--downtime", "2h"), '"2h" is not a maximum downtime. Expected: a time from 1 ms to 2000 s'),
        (("migrate", "x", "--parallel", "256"), '"256" is not a number of parallel connections.'),
        (
            ("migrate", "x", "--technique", "pre-copy", "--timeout", "5s"),
            "--timeout has no effect: the technique is pre-copy. Add --technique post-copy-timeout",
        ),
        (
            ("migrate", "x", "--probe"),
            "--probe has no effect: nothing is forecast. Add --forecast, or leave --probe out.",
        ),
        (
            ("migrate", "x", "--technique", "pre-copy", "--policy", "nova"),
            "--policy has no effect: the technique is pre-copy. Add --technique automatic",
        ),
        (("migrate", "x", "--total", "soon"), '"soon" is not a longest total time. Expected: a time up to 24 h'),
        (
            ("migrate", "x", "--technique", "pre-copy", "--total", "60s"),
            "--total has no effect: the technique is pre-copy. Add --technique automatic",
        ),
        (
            ("migrate", "x", "--technique", "pre-copy", "--no-post-copy"),
            "--no-post-copy has no effect: the technique is pre-copy. Add --technique automatic",
        ),
        (("cancel",), "VM is missing. vmlm-tui cancel --help shows what is expected."),
        (("cancel", "x", "--downtime", "5"), "unrecognized arguments: --downtime 5."),
        (("set", "x"), "one of --downtime and --bandwidth is required."),
        (("set", "x", "--bandwidth", "fast"), '"fast" is not a bandwidth limit.'),
        (("watch", "--config", "/nowhere/c.toml"), "/nowhere/c.toml does not exist: there is no configuration."),
        (("status", "x"), "unrecognized arguments: x."),
    ],
)
def test_wrong_words_are_one_sentence_and_status_2(
    config: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    given = words if "--config" in words else (*words, "--config", str(config))
    assert commands.run(given[0], list(given[1:])) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"vmlm-tui {words[0]}: {sentence}")
    assert err.count("\n") == 1


# -- lines --


def played(name: str) -> ReplayedMigration:
    migration = ReplayedMigration(recording(name))
    migration.play()
    return migration


def output() -> tuple[Output, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    return Output("test", out, err), out, err


async def test_each_outcome_has_its_exit_status() -> None:
    assert {name: exit_status(played(name).timeline) for name in NAMES} == {
        "cancelled": 3,
        "failed": 1,
        "link-cut": 0,
        "post-copy-by-hand": 0,
        "pre-copy-idle": 0,
        "ended-unwatched": 0,
    }


async def test_a_vm_that_is_not_where_it_should_be_is_not_moved() -> None:
    timeline = played("pre-copy-idle").timeline
    timeline.verified = (False, "guest1 runs on neither host.")
    assert exit_status(timeline) == 1


@pytest.mark.parametrize("name", NAMES)
async def test_the_result_as_json_has_the_same_keys_for_each_outcome(name: str) -> None:
    result = json.loads(result_json(played(name)))  # type: ignore[arg-type]
    assert list(result) == ["kind", "outcome", "run", "verified", "advice", "error", "figures"]
    assert (result["error"] is not None) == (name == "failed")


def lines_of(records: list[Record]) -> list[str]:
    """The lines without a terminal, each without the sentence after the figures."""
    migration, lines, found = ReplayedMigration(records), EventLines(), list[str]()
    migration.listen(lambda each: found.extend(lines(migration, each)))  # type: ignore[arg-type]
    migration.play()
    return ["  ".join(line.split("  ")[:2]) for line in found]


async def test_without_a_terminal_only_start_switch_requests_and_errors_are_lines() -> None:
    assert lines_of(recording("cancelled")) == ["guest1  destination -> source", "00:14  cancel"]
    switched = lines_of(recording("post-copy-by-hand"))
    assert switched == ["guest1  destination -> source", "00:15  post-copy requested", "00:15  post-copy"]


async def test_a_migration_of_many_passes_has_the_line_of_a_request_at_its_end() -> None:
    """The timeline thins the marks of so many passes."""
    first, *_, last = recording("cancelled")
    passes = (
        Sample(float(n), "", {"memory_total": 1 << 30, "memory_remaining": 1 << 28, "memory_iteration": n}, "running")
        for n in range(1, 3 * MOST)
    )
    key = Event(3.0 * MOST, "", record.KEY, {"action": "downtime", "value": 500})
    assert lines_of([first, *passes, key, last])[1:] == [f"{clock(key.t)}  downtime <= 500 ms"]


async def test_records_that_another_runner_sends_again_are_not_printed_again() -> None:
    records = recording("pre-copy-idle")
    migration, (writes, out, _) = ReplayedMigration(records), output()
    follower = Follower(migration, writes, lambda: json_lines)  # type: ignore[arg-type]
    for _ in range(4):
        migration.step()
    follower.show()
    assert len(out.getvalue().splitlines()) == 4
    migration.timeline = Timeline()
    for each in records:
        migration.give(each)
    assert out.getvalue().splitlines() == list(map(to_line, records))


def test_actions_are_named_by_their_commands() -> None:
    from tui.core.actions import CANCEL, RUNS  # noqa: PLC0415

    text = with_commands(f"{CANCEL} cancels it. {RUNS} shows it.", "a b")
    assert text == "`vmlm-tui cancel 'a b'` cancels it. The Runs page shows it."


def test_a_line_is_cut_to_the_columns_of_the_terminal() -> None:
    assert cut("0123456789", 10) == "0123456789"
    assert cut("0123456789", 9) == "01234567~"
    wide = cut("虚拟机 migrates", 8)
    assert columns(wide) <= 8
    assert wide.startswith("虚拟机")


def test_text_of_hosts_cannot_control_the_terminal() -> None:
    writes, out, err = output()
    writes.lines(["a\x1b[2Jb"])
    writes.report("c\x1b]0;t\x07d")
    assert (out.getvalue(), err.getvalue()) == ("ab\n", "vmlm-tui test: cd\n")


# -- choosing --


def migrations_of(*found: ReplayedMigration) -> Any:
    return SimpleNamespace(all={str(n): each for n, each in enumerate(found)})


def test_the_migration_under_way_is_chosen_and_an_ended_one_only_by_name() -> None:
    ended, other = ReplayedMigration(recording("pre-copy-idle")), ReplayedMigration(recording("failed"))
    ended.timeline.phase = "completed"
    assert chosen(migrations_of(ended, other), "") is other  # type: ignore[comparison-overlap]
    ended.vm = other.vm.__class__("guest2", "uuid", "running")
    assert chosen(migrations_of(ended, other), "guest2") is ended  # type: ignore[comparison-overlap]
    assert chosen(migrations_of(other), f"{other.folder}/") is other  # type: ignore[comparison-overlap]
    with pytest.raises(Failure, match="No migration is under way"):
        chosen(migrations_of(ended), "")
    ended.timeline.phase = "pass"
    with pytest.raises(Failure, match="Several migrations are under way"):
        chosen(migrations_of(ended, other), "")


def test_a_request_for_a_migration_that_is_over_has_the_sentence_of_the_key() -> None:
    ended = ReplayedMigration(recording("pre-copy-idle"))
    ended.timeline.phase = "completed"
    with pytest.raises(Failure) as refused:
        under_way(migrations_of(ended), "guest1", "cancel")
    assert refused.value.what == "The migration has completed; `vmlm-tui migrate guest1` starts another."


# -- status --


async def test_status_prints_each_migration_and_each_vm_and_reports_a_host_that_does_not_answer() -> None:
    migrations = ReplayedMigrations(recording("post-copy-by-hand"))
    migration = await migrations.start(Plan("guest1", "post-copy-manual"))
    migration.play(lambda timeline: timeline.iteration == 3)
    migrations.unreachable["destination"] = Failure("libvirt of the destination cannot be reached")
    writes, out, err = output()
    session = Session(migrations, None, writes, None)  # type: ignore[arg-type]
    assert await status(session, as_json=False) == 1
    first, second = out.getvalue().splitlines()
    assert first.startswith("guest1  destination -> source  00:07  pass 3  299 MiB left  ")
    assert "`vmlm-tui post-copy guest1`" in first
    assert second == "guest1  running on source"
    assert err.getvalue() == "vmlm-tui test: destination: libvirt of the destination cannot be reached.\n"
    assert await status(session, as_json=True) == 1
    document = json.loads(out.getvalue().splitlines()[-1])
    assert document["vms"] == [{"vm": "guest1", "host": "source", "state": "running"}]
    assert (document["migrations"][0]["pass"], document["migrations"][0]["over"]) == (3, False)
    assert list(document["failures"]) == ["destination"]
    assert document["warning"] is None


async def test_status_reports_that_a_logout_ends_the_runner_and_succeeds() -> None:
    migrations = ReplayedMigrations(recording("post-copy-by-hand"))
    writes, out, err = output()
    ends = Failure("A logout ends it", "because", "Stay.")
    session = Session(migrations, None, writes, None, lambda: ends)  # type: ignore[arg-type]
    assert await status(session, as_json=True) == 0
    assert json.loads(out.getvalue())["warning"] == "A logout ends it: because. Stay."
    assert err.getvalue() == "vmlm-tui test: A logout ends it: because. Stay.\n"
