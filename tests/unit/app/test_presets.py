"""Presets in config.toml, and on the command line."""

from pathlib import Path

import pytest

from tests.unit.app.test_config import MINIMAL, read
from tui.app import config
from tui.app.commands.migrate import _parser, plan_of
from tui.core.failure import Failure
from tui.core.plan import AUTOMATIC, POLICY_NAMES, POST_COPY_MANUAL, PRE_COPY, Plan
from tui.forecast.model.policy import POLICIES

FAST = """
[technique."fast lan"]
technique = "pre-copy"
parallel = 4
comp_methods = "zstd"
comp_zstd_level = 3
comp_xbzrle_cache = "64 MiB"
postcopy_bandwidth = "20 MiB/s"

[technique.local]
copy_storage_all = true
"""


def plan(path: Path, *words: str) -> Plan:
    return plan_of(_parser("migrate").parse(["guest1", *words]), read(path, MINIMAL + FAST))


def test_a_preset_has_its_options_and_the_usual_ones(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    expected = Plan(
        "guest1", PRE_COPY, parallel=4, comp_methods="zstd", comp_zstd_level=3, comp_xbzrle_cache_bytes=64 << 20,
        postcopy_bandwidth_mib_s=20,
    )  # fmt: skip
    assert plan(path, "--preset", "fast lan") == expected
    assert plan(path, "--preset", "local") == Plan("guest1", AUTOMATIC, copy_storage_all=True)


def test_a_preset_has_the_policy_of_automatic_and_whether_it_may_use_post_copy(tmp_path: Path) -> None:
    config_text = MINIMAL + '[technique.a]\npolicy = "nova"\npost_copy = false\n'
    found = plan_of(_parser("migrate").parse(["guest1", "--preset", "a"]), read(tmp_path / "c.toml", config_text))
    assert (found.policy, found.post_copy, found.auto_converge) == ("nova", False, True)
    words = ["guest1", "--preset", "a", "--technique", POST_COPY_MANUAL]
    found = plan_of(_parser("migrate").parse(words), read(tmp_path / "c.toml", config_text))
    assert (found.post_copy, found.auto_converge) == (True, False)
    config_text = MINIMAL + '[migration]\npolicy = "ovirt"\npost_copy = false\n'
    found = plan_of(_parser("migrate").parse(["guest1"]), read(tmp_path / "d.toml", config_text))
    assert (found.policy, found.post_copy) == ("ovirt", False)


def test_every_policy_can_be_configured() -> None:
    assert set(POLICY_NAMES) == set(POLICIES)


def test_an_option_of_the_command_line_wins(tmp_path: Path) -> None:
    found = plan(tmp_path / "config.toml", "--preset", "fast lan", "--parallel", "2", "--no-undefinesource")
    assert (found.parallel, found.comp_methods, found.undefinesource) == (2, "zstd", False)


def test_an_unknown_preset_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(Failure) as caught:
        plan(tmp_path / "config.toml", "--preset", "slow")
    assert str(caught.value) == ("There is no preset 'slow' in the configuration. The presets are fast lan, local.")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("[technique.a]\nparalel = 4", "[technique.a] paralel: there is no such key. Did you mean parallel?"),
        ("[technique.a]\ncomp_zstd_level = 30", "[technique.a] comp_zstd_level: 30 is not a whole number from 0 to 20"),
        ('[technique.a]\npolicy = "ours"', '[technique.a] policy: "ours" is not one of "forecast", "virsh-first-pass"'),
        ('[technique.a]\nmigrate_disks = "a b"', '[technique.a] migrate_disks: "a b" is not one or more disks'),
    ],
)
def test_a_mistake_in_a_preset_is_reported(tmp_path: Path, wrong: str, why: str) -> None:
    with pytest.raises(config.Misconfigured) as caught:
        read(tmp_path / "config.toml", f"{MINIMAL}\n{wrong}\n")
    assert why in str(caught.value)


def test_a_written_configuration_has_its_presets(tmp_path: Path) -> None:
    found = read(tmp_path / "config.toml", MINIMAL + FAST)
    config.create(found, tmp_path / "copy.toml")
    assert config.load(tmp_path / "copy.toml") == found
    assert "comp_mt_level" not in (tmp_path / "copy.toml").read_text()
