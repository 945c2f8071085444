"""The plan file of a study: what it means, and a sentence for each mistake."""

from typing import Any

import pytest

from tests.unit.study.plans import SMALL, changed
from tui.core.failure import Failure
from tui.core.plan import SUSPEND_TIMEOUT
from tui.study.model.cell import cells_of, check_size, from_fields, run_count, to_fields
from tui.study.model.plan import check

PLAIN = {"technique": "pre-copy"}


def mistakes(tables: dict[str, Any]) -> list[str]:
    plan, problems = check(tables)
    assert (plan is None) == bool(problems)
    return [str(Failure(each.place, each.why, each.hint)) for each in problems]


def test_a_plan_is_the_matrix_of_its_workloads_and_techniques() -> None:
    plan, problems = check(SMALL)
    assert plan, problems
    cells = cells_of(plan, "other")
    assert [each.text for each in cells] == [
        "guest1; idle; pre-copy",
        "guest1; memory, 2 threads x 150 MiB, as fast as it can; pre-copy",
        "guest1; memory, 2 threads x 150 MiB, 50 MiB/s; pre-copy",
        "guest1; memory, 2 threads x 150 MiB, as fast as it can; post-copy after 9 s",
        "guest1; memory, 2 threads x 150 MiB, 50 MiB/s; post-copy after 9 s",
    ]
    assert [each.short for each in cells] == [
        "idle plain", "memory 0 MiB/s plain", "memory 50 MiB/s plain", "memory 0 MiB/s late", "memory 50 MiB/s late"
    ]  # fmt: skip
    assert run_count(plan, cells) == 20  # there and back, twice
    assert check_size(plan, cells) is None


def test_lists_of_options_are_swept() -> None:
    sweeps = {"technique": "post-copy", "bandwidth": ["0 MiB/s", "20 MiB/s"], "parallel": [0, 4], "downtime": "100 ms"}
    plan, problems = check(changed(vms=None, workload={"idle": {}}, migration={"a": sweeps | {"auto_converge": True}}))
    assert plan, problems
    cells = cells_of(plan, "vm1")
    assert [each.short for each in cells] == [
        "idle a 0 MiB/s x0", "idle a 0 MiB/s x4", "idle a 20 MiB/s x0", "idle a 20 MiB/s x4"
    ]  # fmt: skip
    assert [each.text for each in cells] == [
        "vm1; idle; post-copy at once, downtime 100 ms, auto-converge",
        "vm1; idle; post-copy at once, downtime 100 ms, auto-converge, 4 connections",
        "vm1; idle; post-copy at once, at most 20 MiB/s, downtime 100 ms, auto-converge",
        "vm1; idle; post-copy at once, at most 20 MiB/s, downtime 100 ms, auto-converge, 4 connections",
    ]


def test_a_command_of_ones_own_is_a_workload() -> None:
    plan, problems = check(changed(workload={"redis": {"command": ["redis-benchmark", "-l"]}}, migration={"a": PLAIN}))
    assert plan, problems
    (cell,) = cells_of(plan, "")
    assert cell.text == "guest1; redis: redis-benchmark -l; pre-copy"


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        (changed(name=None), 'name: it is missing, and must be a name of up to 40 letters, without "/".'),
        (changed(repeats=None, repeat=3), "repeat: there is no such key. Did you mean repeats?"),
        (changed(repeats="3"), 'repeats: "3" is not a whole number from 1 to 1000. Write it without quotes.'),
        (changed(settle=5), 'settle: 5 is not a time with its unit, from "0 s" to "24 h". Write it in quotes'),
        (changed(vms=[]), "vms: a list is not the name libvirt has for the VM, such as"),
        (changed(vms=["a", "a"]), '"a" is in the list twice.'),
        (changed(workload={}, migration={"a": PLAIN}), "[workload]: there is no workload. Add a table such as"),
        (changed(migration={}), "[migration]: there is no technique. Add a table such as"),
        (
            changed(migration=PLAIN),
            "[migration] technique: there is no such key. Expected: tables such as [migration.mine].",
        ),
        (changed(migration={"a": {}}), '[migration.a] technique: it is missing, and must be one of "pre-copy"'),
        (
            changed(migration={"a": PLAIN | {"workloads": ["idel"]}}),
            '[migration.a] workloads: there is no table [workload.idel]. Did you mean "idle"?',
        ),
        (
            changed(migration={"a": PLAIN | {"timeout": "5 s"}}),
            "[migration.a] timeout: the technique pre-copy has no timeout. Use technique =",
        ),
        (
            changed(migration={"a": PLAIN | {"parallel": [0, "4"]}}),
            '[migration.a] parallel: a list is not a whole number from 0 to 255, or a list of such. "4" is wrong.',
        ),
        (changed(workload={"busy": {}}), "[workload.busy] kind: it is missing, and must be one of idle, cpu, memory"),
        (changed(workload={"idle": {"threads": 2}}), "[workload.idle] threads: a workload of kind idle has no threads"),
        (changed(workload={"cpu": {"rate": "1 MiB/s"}}), "[workload.cpu] rate: a workload of kind cpu has no rate"),
        (changed(workload={"x": {"command": ["a"], "kind": "cpu"}}), "[workload.x] kind: the workload has a command"),
        (changed(workload={"x": {"command": ["a"], "threads": 1}}), "[workload.x] threads: a command has no threads"),
        (changed(workload={"cpu": {"command": ["a"]}}), "[workload.cpu] command: the name cpu has a program"),
    ],
)
def test_a_mistake_is_a_sentence_that_names_its_key(tables: dict[str, Any], sentence: str) -> None:
    found = mistakes(tables)
    assert any(sentence in each for each in found), found


def test_a_setting_that_is_there_twice_is_refused() -> None:
    plan, _ = check(changed(workload={"idle": {}}, migration={"a": PLAIN, "b": PLAIN}))
    assert plan
    problem = check_size(plan, cells_of(plan, ""))
    assert problem
    assert "the setting of idle b is that of idle a" in problem.why


def test_a_study_of_weeks_is_refused() -> None:
    plan, _ = check(changed(repeats=1000, migration={"a": PLAIN | {"parallel": [0, 1, 2, 3, 4]}}))
    assert plan
    problem = check_size(plan, cells_of(plan, ""))
    assert problem
    assert problem.why == "15 settings there and back, 1000 times each, are 30000 runs"


def test_settings_with_one_name_are_refused_because_a_table_can_show_only_one_of_them() -> None:
    migration = {"pre x4": PLAIN | {"parallel": 4, "bandwidth": "9 MiB/s"}, "pre": PLAIN | {"parallel": [0, 4]}}
    plan, problems = check(changed(vms=None, workload={"idle": {}}, migration=migration))
    assert plan, problems
    problem = check_size(plan, cells_of(plan, "vm1"))
    assert problem
    assert problem.why == (
        "vm1; idle; pre-copy, 4 connections and vm1; idle; pre-copy, at most 9 MiB/s, 4 connections "
        "are both named idle pre x4"
    )


def test_the_options_of_virsh_are_swept() -> None:
    sweeps = {
        "technique": "pre-copy",
        "parallel": 2,
        "comp_methods": ["zlib", "zstd"],
        "tls": [False, True],
        "comp_xbzrle_cache": "128 MiB",
    }
    plan, problems = check(changed(workload={"idle": {}}, migration={"plain": sweeps}))
    assert plan, problems
    cells = cells_of(plan, "")
    cache = "comp-xbzrle-cache 128 MiB"
    assert [each.text for each in cells] == [
        f"guest1; idle; pre-copy, 2 connections, comp-methods zlib, {cache}",
        f"guest1; idle; pre-copy, 2 connections, comp-methods zlib, {cache}, tls",
        f"guest1; idle; pre-copy, 2 connections, comp-methods zstd, {cache}",
        f"guest1; idle; pre-copy, 2 connections, comp-methods zstd, {cache}, tls",
    ]
    assert cells[1].column == "plain comp-methods zlib tls"
    assert from_fields(to_fields(cells[1])) == cells[1]


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("comp_zstd_level", 21, "21 is not a whole number from 0 to 20"),
        ("comp_methods", "lz4", '"lz4" is not one or more of xbzrle, zlib, zstd, mt'),
        ("comp_xbzrle_cache", 5, "Write it in quotes, with its unit."),
        ("dname", "other", "there is no such key"),
    ],
)
def test_a_wrong_option_of_virsh_is_a_mistake(key: str, value: object, why: str) -> None:
    (mistake,) = mistakes(changed(migration={"plain": {**PLAIN, key: value}}))
    assert why in mistake


def test_a_suspension_after_a_timeout_is_a_technique() -> None:
    late = {"technique": SUSPEND_TIMEOUT, "timeout": ["5 s", "9 s"], "workloads": "idle"}
    plan, problems = check(changed(migration={"late": late}))
    assert plan, problems
    assert [each.plan.words for each in cells_of(plan, "other")] == ["suspended after 5 s", "suspended after 9 s"]
