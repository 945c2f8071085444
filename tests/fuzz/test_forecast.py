"""What a forecast reads: earlier runs, the last statistics of a log, the output of a probe."""

import json
import math
from pathlib import Path
from typing import Any

from tests.fuzz.inputs import files, reads, texts, trees
from tests.unit.forecast.test_first_pass import OF_VM, STATS
from tests.unit.forecast.test_link import RECORDED, UNLIMITED, tables, unlimited
from tui.core.plan import AT_ONCE
from tui.core.quantity import GIB, MIB
from tui.forecast.backend.earlier_runs import earlier
from tui.forecast.model.dirty_curve import DirtyCurve
from tui.forecast.model.first_pass import sent_first
from tui.forecast.model.forecast import Inputs, forecast
from tui.forecast.model.interval import Interval
from tui.forecast.model.link import LinkFacts, earlier_run, learned
from tui.forecast.model.link_probe import parse_moved, parse_port

RUN = tables(unlimited(UNLIMITED + RECORDED))
FINAL = {"kind": "job-completed", "t": 12.3, "stats": STATS}
FINAL_LINE = json.dumps(FINAL) + "\n"


def forecast_over(link: LinkFacts) -> None:
    """A forecast over the link has a number."""
    known = link.limited(64 * MIB)
    assert known is not None
    assert known[0].low <= known[0].likely <= known[0].high
    curve = DirtyCurve.measured([(1.0, 100 * MIB), (2.0, 80 * MIB)], GIB)
    found = forecast(AT_ONCE, Inputs(curve, Interval.exact(GIB), *known, 0.3, link.setup_s, link.device_s))
    assert not math.isnan(found.total_s.likely)


def test_a_run_with_odd_values_shows_a_link_or_nothing() -> None:
    def read(values: Any) -> None:
        found = earlier_run(values, "alpha", "beta")
        forecast_over(learned([] if found is None else [found]))

    reads(trees(RUN), read)


def test_a_damaged_summary_or_log_shows_something_or_nothing(tmp_path: Path) -> None:
    run = tmp_path / "20261129T055334Z-guest1-memory-pre-copy"
    run.mkdir()

    def read(data: bytes) -> None:
        for name in ("run.toml", "raw.jsonl"):  # each damaged alone
            (run / "run.toml").write_text(OF_VM)
            (run / "raw.jsonl").write_text(FINAL_LINE)
            (run / name).write_bytes(data)
            found = earlier(tmp_path, "alpha", "beta", "uuid-1")
            assert found.link().device_s.low <= found.link().device_s.high
            assert all(each.sent >= 0 and (each.dirtied or 0) >= 0 for each in found.first)

    reads(files(OF_VM, FINAL_LINE), read)


def test_odd_statistics_show_what_was_sent_or_nothing() -> None:
    def read(record: object) -> None:
        found = sent_first(record)
        assert found is None or 0 <= found < math.inf

    reads(trees(FINAL), read)


def test_a_damaged_output_of_a_probe_is_a_rate_or_nothing() -> None:
    def read(text: str) -> None:
        found, port = parse_moved(text), parse_port(text)
        assert found is None or 0 < found < math.inf
        assert port is None or port >= 0

    reads(texts("listening 49152\nready\nmoved 117901819 0.81\n"), read)
