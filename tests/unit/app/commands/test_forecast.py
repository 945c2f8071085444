"""`vmlm-tui forecast` without a process: its words, its lines, its JSON."""

import io
import json
import math
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fake_hosts import FakeHosts, guest1
from tests.unit.app.test_main import MINIMAL
from tests.unit.forecast.test_forecast import inputs
from tests.unit.forecast.test_forecaster import RATES, no_wait
from tests.unit.forecast.test_link import RECORDED, unlimited, write
from tui.app import commands
from tui.app.commands.forecast import forecast, plan_of
from tui.app.commands.forecast_lines import progress_figures, progress_words, report, table
from tui.app.commands.output import Output
from tui.app.commands.session import Session
from tui.app.config import load
from tui.core.failure import Failure
from tui.core.plan import AUTOMATIC, Plan
from tui.core.protocols import MemoryUse
from tui.core.quantity import MIB
from tui.forecast.backend.forecaster import BandwidthUnknown, Forecaster, Progress
from tui.forecast.model.forecast_json import forecast_from_json, inputs_from_json
from tui.forecast.model.interval import Interval
from tui.forecast.model.steered import techniques_of
from tui.vm.model.location import VmOnHost

HERE = VmOnHost(guest1("running"), "source")
WORDS = {"to": None, "probe": False, "json": False}


@pytest.fixture
def world() -> FakeHosts:
    world = FakeHosts()
    world.source.known = {"guest1": guest1("running")}
    world.source.uuid, world.destination.uuid = "host-1", "host-2"
    world.source.hostname, world.destination.hostname = "alpha", "beta"
    world.source.dirtied, world.source.use = dict(RATES), MemoryUse(450 * MIB, None)
    return world


class Ran:
    """The command with its streams, on fake hosts and one earlier run."""

    def __init__(self, world: FakeHosts, runs: Path) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()
        self.session = Session(None, None, Output("forecast", self.out, self.err), None)  # type: ignore[arg-type]
        self._world = world
        self._forecaster = Forecaster(world.connections, runs, sleep=no_wait)

    async def __call__(self, plan: Plan = Plan("guest1"), **words: Any) -> int:  # noqa: B008  # frozen
        options = Namespace(**WORDS | words)
        return await forecast(self.session, self._world.connections, self._forecaster, plan, options)


@pytest.fixture
def ran(world: FakeHosts, tmp_path: Path) -> Ran:
    write(tmp_path, "20261128T120000Z-guest1-memory-pre-copy", unlimited(RECORDED))
    return Ran(world, tmp_path)


async def test_the_forecast_is_a_sentence_a_table_and_what_would_do(ran: Ran) -> None:
    assert await ran() == 0
    lines = ran.out.getvalue().splitlines()
    assert lines[0] == "guest1  source -> destination"
    assert lines[2].startswith(
        "The VM dirties 112 MiB within 1.0 s; the link moves 112 MiB/s (1 earlier run): pre-copy"
    )
    titles = ("pre-copy", "auto-converge", "post-copy at once", "automatic")
    assert [line.split("  ")[0] for line in lines if line.startswith(titles)] == list(titles)
    assert lines[-1].startswith("Pre-copy would end with: downtime ")
    assert ran.err.getvalue() == ""


async def test_json_has_the_inputs_and_every_technique(ran: Ran) -> None:
    assert await ran(json=True) == 0
    (line,) = ran.out.getvalue().splitlines()
    found = json.loads(line)
    assert (found["format"], found["vm"], found["origin"], found["target"]) == (1, "guest1", "source", "destination")
    assert [forecast_from_json(each) for each in found["techniques"]] == list(
        techniques_of(inputs_from_json(found["inputs"]))
    )
    assert found["advised"] == "post-copy at once"
    assert found["converges_with"]["downtime_s"] > 0.3
    assert 0 < found["converges_with"]["workload_share"] <= 1


async def test_an_unknown_bandwidth_names_the_options_that_help(world: FakeHosts, tmp_path: Path) -> None:
    ran = Ran(world, tmp_path)
    with pytest.raises(BandwidthUnknown, match=r"Add --probe, .* or --bandwidth with a limit\."):
        await ran()
    assert await ran(Plan("guest1", bandwidth_mib_s=20)) == 0


@pytest.mark.parametrize(
    ("state", "to", "why"),
    [
        ("shut off", "", "it is shut off on source"),
        ("running", "source", "guest1 is on source already. Nothing was measured"),
    ],
)
async def test_a_vm_that_could_not_be_migrated_has_no_forecast(
    world: FakeHosts, ran: Ran, state: str, to: str, why: str
) -> None:
    world.source.known = {"guest1": guest1(state)}
    with pytest.raises(Failure) as refused:
        await ran(Plan("guest1", to=to))
    assert why in str(refused.value)


def test_given_limits_replace_the_configured_ones(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f'{MINIMAL}[migration]\nbandwidth = "7 MiB/s"\ndowntime = "80 ms"\n')
    options = Namespace(vm="guest1", downtime="1.5s", bandwidth=None)
    assert plan_of(options, load(path)) == Plan("guest1", AUTOMATIC, bandwidth_mib_s=7, downtime_ms=1500)


@pytest.mark.parametrize("words", [(), ("guest1", "--to", "storage"), ("guest1", "--downtime", "2h")])
def test_wrong_words_are_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    path = tmp_path / "config.toml"
    path.write_text(MINIMAL)
    assert commands.run("forecast", [*words, "--config", str(path)]) == 2
    assert capsys.readouterr().err.startswith("vmlm-tui forecast: ")


@pytest.mark.parametrize("rate", [30, 100, 300, 1000])
@pytest.mark.parametrize("width", [80, 120])
def test_a_forecast_fits_the_terminal(rate: int, width: int) -> None:
    lines = report(HERE, "destination", inputs(rate, timeout_s=25.0), width)
    assert max(map(len, lines)) <= width
    assert any("passes" in line for line in lines)


def test_in_a_narrow_terminal_the_last_columns_go() -> None:
    lines = table(techniques_of(inputs(30)), 50)
    assert lines[0].split() == ["total", "pause"]
    assert max(map(len, lines)) <= 50


def test_what_never_ends_has_no_number() -> None:
    lines = table(techniques_of(inputs(1000)), 80)
    assert lines[1].split() == ["pre-copy", *["no", "end"] * 4]
    assert lines[2].startswith("auto-converge")  # no line with ranges between them
    near = table(techniques_of(inputs(100)), 80)
    assert near[1].count("no end") == 4
    assert near[2].split()[:3] == ["from", "11.2", "s"]


def test_passes_of_a_bound_without_end_are_not_counted() -> None:
    of = replace(inputs(100), bandwidth=Interval(100 * MIB, 130 * MIB, 140 * MIB))
    plain = techniques_of(of)[0]
    assert (plain.converges, plain.certain) == (True, False)
    assert 1 < plain.passes.low <= plain.passes.likely < plain.passes.high == math.inf


def test_the_progress_shows_what_was_measured_so_far() -> None:
    begun, later = Progress(0.5, 15.0, None), Progress(3.0, 15.0, inputs(100))
    assert (progress_figures(later), progress_words("guest1", later.inputs)) == (
        "00:03 of 00:15",
        "guest1 dirties 252 MiB within 4.0 s",
    )
    assert progress_words("guest1", begun.inputs) == "measuring how much memory guest1 dirties"
