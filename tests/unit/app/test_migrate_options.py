"""The words of `vmlm-tui migrate` that virsh has, too, as fields of the plan."""

from pathlib import Path
from typing import Any

import pytest

from tui.app import commands
from tui.app.commands import migrate
from tui.core.plan import AUTOMATIC, POST_COPY_MANUAL, POST_COPY_TIMEOUT, SUSPEND_TIMEOUT, Plan
from tui.core.virsh_options import MOST_XML, OPTIONS, read_options

CONFIG = """
[hosts.source]
ssh = "root@a"
[hosts.destination]
ssh = "root@b"
[hosts.storage]
ssh = "root@c"
[vm]
name = "guest1"
[migration]
technique = "pre-copy"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    return config


@pytest.fixture
def planned(config: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `vmlm-tui migrate guest1`; returns the plan that it would start."""
    plans: list[Plan] = []

    def run(_verb: str, options: Any, read: Any, *_: Any, **__: Any) -> int:
        plans.append(migrate.plan_of(options, read))
        return 0

    monkeypatch.setattr(migrate, "run", run)

    def plan(*words: str) -> Plan:
        assert commands.run("migrate", ["guest1", "--config", str(config), *words]) == 0
        return plans[-1]

    return plan


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        ([], {}),
        (["--comp-methods", "zstd", "--comp-zstd-level", "3"], {"comp_methods": "zstd", "comp_zstd_level": 3}),
        (["--comp-xbzrle-cache", "134217728"], {"comp_xbzrle_cache_bytes": 1 << 27}),
        (["--comp-xbzrle-cache", "128 MiB"], {"comp_xbzrle_cache_bytes": 1 << 27}),
        (["--compressed"], {"comp_methods": "xbzrle"}),
        (["--postcopy-bandwidth", "20"], {"postcopy_bandwidth_mib_s": 20}),
        (["--postcopy-bandwidth", "1 GiB/s"], {"postcopy_bandwidth_mib_s": 1024}),
        (["--no-persistent", "--no-undefinesource"], {"persistent": False, "undefinesource": False}),
        (["--persistent", "--tls", "--suspend"], {"tls": True, "suspend": True}),
        (["--migrateuri", "tcp://10.0.0.2:49160"], {"migrateuri": "tcp://10.0.0.2:49160"}),
        (["--dname", "new name"], {"dname": "new name"}),
    ],
)
def test_each_word_sets_its_field(planned: Any, words: list[str], fields: dict[str, Any]) -> None:
    assert read_options(planned(*words).fields) == fields


def test_parallel_connections_is_virshs_name_of_parallel(planned: Any) -> None:
    assert planned("--parallel-connections", "4").parallel == 4


def test_post_copy_after_the_first_pass_is_virshs_rule(planned: Any) -> None:
    plan = planned("--postcopy-after-precopy")
    assert (plan.technique, plan.policy, plan.shadow) == (AUTOMATIC, "virsh-first-pass", False)


@pytest.mark.parametrize(
    ("word", "technique"), [("--timeout-suspend", SUSPEND_TIMEOUT), ("--timeout-postcopy", POST_COPY_TIMEOUT)]
)
def test_what_virsh_does_after_a_timeout_is_a_technique(planned: Any, word: str, technique: str) -> None:
    plan = planned("--timeout", "8s", word)
    assert (plan.technique, plan.timeout_s) == (technique, 8.0)
    assert planned("--timeout", "8s", word, "--technique", technique) == plan


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["--timeout-suspend", "--timeout-postcopy"],
            "--timeout-postcopy is a technique, and another one is given: it is suspend-timeout. Leave one of them "
            "out.",
        ),
        (
            ["--timeout-suspend", "--technique", POST_COPY_MANUAL],
            "--timeout-suspend is a technique, and another one is given: it is post-copy-manual. Leave one of them "
            "out.",
        ),
        (
            ["--timeout", "8s"],
            "--timeout has no effect: the technique is pre-copy. Add --technique post-copy-timeout or "
            "suspend-timeout, or leave --timeout out.",
        ),
        (
            ["--comp-methods", "lz4"],
            '"lz4" is not a value of --comp-methods. Expected: one or more of xbzrle, zlib, zstd, mt, separated by '
            "commas.",
        ),
        (["--dname", ""], '"" is not a value of --dname. Expected: the name of a VM.'),
        (
            ["--auto-converge-initial", "100"],
            '"100" is not a value of --auto-converge-initial. Expected: a whole number from 1 to 99.',
        ),
        (
            ["--comp-zstd-level", "3 MiB"],
            '"3 MiB" is not a value of --comp-zstd-level. Expected: a whole number from 0 to 20.',
        ),
        (
            ["--compressed", "--comp-methods", "zstd"],
            "--compressed contradicts --comp-methods: the methods are zstd. It is short for --comp-methods xbzrle.",
        ),
        (
            ["--postcopy-after-precopy", "--technique", POST_COPY_MANUAL],
            "--postcopy-after-precopy is a technique, and another one is given. Leave --technique and --policy out.",
        ),
        (
            ["--postcopy-after-precopy", "--shadow"],
            "--postcopy-after-precopy contradicts --shadow: with it, nothing is switched. Leave one of them out.",
        ),
        (
            ["--postcopy-after-precopy", "--no-post-copy"],
            "--postcopy-after-precopy contradicts --no-post-copy: with it, nothing is switched. Leave one of them out.",
        ),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_expected(
    config: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    assert commands.run("migrate", ["guest1", "--config", str(config), *words]) == migrate.CANNOT_START
    assert capsys.readouterr().err == f"vmlm-tui migrate: {sentence}\n"


def test_the_help_has_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.run("migrate", ["--help"]) == 0
    printed = capsys.readouterr().out
    assert [each.virsh for each in OPTIONS if f"  {each.virsh}" not in printed] == []


def test_a_file_is_read_where_the_command_runs(planned: Any, tmp_path: Path) -> None:
    xml = tmp_path / "guest1.xml"
    xml.write_text("<domain>\n  <name>ä</name>\n</domain>\n")
    plan = planned("--xml", str(xml), "--persistent-xml", str(xml))
    assert (plan.xml, plan.persistent_xml) == (xml.read_text(), xml.read_text())


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file or directory"),
        (b"", "it is empty. It must be a file with the XML of the VM"),
        (b"\xff\xfe", "it is not UTF-8. It must be a file with the XML of the VM"),
        (b"<a>\0</a>", "it has a NUL. It must be a file with the XML of the VM"),
        (b"x" * (MOST_XML + 1), "it is longer than 256 KiB. It must be a file with the XML of the VM"),
    ],
)
def test_a_file_that_cannot_be_an_xml_is_refused(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, why: str
) -> None:
    xml = tmp_path / "guest1.xml"
    if content is not None:
        xml.write_bytes(content)
    words = ["guest1", "--config", str(config), "--xml", str(xml)]
    assert commands.run("migrate", words) == migrate.CANNOT_START
    assert capsys.readouterr().err == f"vmlm-tui migrate: {xml} cannot be used for --xml: {why}.\n"
