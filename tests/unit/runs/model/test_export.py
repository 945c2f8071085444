"""Runs as CSV, JSON, Markdown and LaTeX, read back by other parsers."""

import csv
import io
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.unit.runs.model.test_parse import TABLES, parsed
from tui.migration.model.record import Sample
from tui.runs.model.annotation import Annotation
from tui.runs.model.export import SAMPLE_FIELDS, csv_lines, csv_of_runs, fields, json_list, sample_row
from tui.runs.model.paper import latex, latex_table, markdown, markdown_table
from tui.runs.model.run import Run
from tui.runs.model.table import Column, columns

RUN = parsed(TABLES)
BARE = Run(Path("/runs/x"))
TABLE = [columns({})[name] for name in ("vm", "technique", "total")]


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_a_row_a_run_with_units_in_the_names_and_nothing_for_the_unknown() -> None:
    noted = replace(RUN, annotation=Annotation('a "quoted",\nnote', ("a", "b")))
    full, bare = read("".join(csv_of_runs([noted, BARE])))
    for name, value in {
        "began": "2026-11-28T23:53:24.701Z",
        "vm_memory_bytes": "1073741824",
        "workload_threads": "2",
        "timeout_s": "5",
        "bandwidth_limit_mib_s": "20",
        "downtime_limit_ms": "50",
        "auto_converge": "true",
        "total_time_ms": "7674",
        "downtime_ms": "13",
        "network_downtime_ms": "230.738",
        "guest_downtime_ms": "214.622",
        "memory_sent_bytes": "841651870",
        "origin_qemu": "10.0.2",
        "target_libvirt": "12.0.0",
        "cell": "memory, post-copy after 5 s",
        "repeat": "3",
        "queue": "20261128T231500Z-evacuate-source",
        "queue_number": "2",
        "queue_attempt": "1",
        "imported": "true",
        "tags": "a;b",
        "note": 'a "quoted",\nnote',
    }.items():
        assert full[name] == value, name
    known = {name: value for name, value in bare.items() if value}
    assert known == {"run": "x", "outcome": "broken", "imported": "false", "excluded": "false", "folder": "/runs/x"}


def test_without_runs_there_is_the_header() -> None:
    (line,) = csv_of_runs([])
    assert line.startswith("run,began,ended,")
    assert "".join(json_list([])) == "[]\n"


def test_json_is_a_list_with_null_for_the_unknown() -> None:
    full, bare = json.loads("".join(json_list(map(fields, [RUN, BARE]))))
    assert full["workload_parameters"] == {"threads": 2, "rate_mib_s": 0}
    assert (full["auto_converge"], full["warm_up"], full["tags"]) == (True, True, [])
    assert bare["total_time_ms"] is bare["auto_converge"] is bare["vm"] is bare["warm_up"] is None
    assert [*full] == [*bare]


def test_text_has_no_control_characters_and_no_lone_surrogates() -> None:
    odd = replace(BARE, folder=Path("/runs/\udce9"), vm="a\x1b[2J\u202eb")
    for text in ("".join(csv_of_runs([odd])), "".join(json_list([fields(odd)]))):
        assert "ab" in text
        assert text.encode()


def test_a_sample_has_the_fields_of_libvirt() -> None:
    sample = Sample(1.23456, "2026-11-28T23:53:25Z", {"memory_iteration": 2, "type": 2}, "running", 0.001)
    rows = [sample_row(RUN, sample)]
    assert [*rows[0]] == [*SAMPLE_FIELDS, "memory_iteration", "type"]
    (row,) = read("".join(csv_lines([*rows[0], "downtime"], rows)))
    assert (row["run"], row["t_s"], row["late_s"]) == (RUN.folder.name, "1.2346", "")
    assert (row["memory_iteration"], row["downtime"]) == ("2", "")


def test_damaged_statistics_of_a_sample_are_unknown() -> None:
    nested: Any = []
    for _ in range(5000):
        nested = [nested]
    stats: Any = {"type": 2, "a": math.inf, "b": math.nan, "c": nested}
    row = sample_row(RUN, Sample(1.0, "", stats))
    (found,) = json.loads("".join(json_list([row])))
    assert [found.get(name) for name in ("type", "a", "b", "c")] == [2, None, None, None]
    assert list(csv_lines(["type", "a", "c"], [row]))[1] == "2,,\n"


def test_markdown_and_latex_are_escaped() -> None:
    assert markdown("a|b_c <=*[x]`\\") == "a\\|b\\_c \\<=\\*\\[x\\]\\`\\\\"
    assert latex('50% of $x_1 & {y} #~^\\ a--b ---c <="') == (
        "50\\% of \\$x\\_1 \\& \\{y\\} \\#\\textasciitilde{}\\textasciicircum{}\\textbackslash{} "
        "a-{}-b -{}-{}-c \\textless{}=''"
    )


def test_a_markdown_table() -> None:
    lines = "".join(markdown_table([replace(RUN, vm="a|b"), BARE], TABLE)).splitlines()
    assert lines == [
        "| vm | technique | total s |",
        "| --- | --- | ---: |",
        "| a\\|b | post 5 s +ac x4 \\<=20 MiB/s \\<=50 ms | 7.67 |",
        "| - | - | - |",
    ]


def test_a_latex_table() -> None:
    share = Column("a_b", lambda _run: 50.0, "%", 1)
    lines = "".join(latex_table([BARE], [TABLE[0], share])).splitlines()
    assert lines == [
        "% \\usepackage{booktabs}",
        "\\begin{tabular}{lr}",
        "\\toprule",
        "vm & a\\_b (\\%) \\\\",
        "\\midrule",
        "-- & 50.0 \\\\",
        "\\bottomrule",
        "\\end{tabular}",
    ]


def test_only_the_technique_with_a_timeout_has_one() -> None:
    by_hand = replace(RUN, options=replace(RUN.options, technique="post-copy-manual"))
    assert (fields(RUN)["timeout_s"], fields(by_hand)["timeout_s"]) == (5.0, None)


def test_further_options_are_a_list() -> None:
    tables = {**TABLES, "options": {**TABLES["options"], "comp_methods": "zstd", "comp_zstd_level": 3, "tls": True}}
    run = parsed(tables)
    assert fields(run)["further_options"] == ["comp-methods zstd", "comp-zstd-level 3", "tls"]
    assert read("".join(csv_of_runs([run])))[0]["further_options"] == "comp-methods zstd;comp-zstd-level 3;tls"
    assert fields(RUN)["further_options"] == []
