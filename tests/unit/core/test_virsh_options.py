"""The further options of a migration: what they accept, their words, and how they are read from a record."""

from typing import Any

import pytest

from tui.core.plan import Plan
from tui.core.virsh_options import BY_NAME, MOST_XML, OPTIONS, USUAL, VirshOptions, option_words, read_options


def test_each_option_is_described_once() -> None:
    assert [each.name for each in OPTIONS] == list(USUAL)


@pytest.mark.parametrize(
    ("name", "accepted", "refused"),
    [
        ("comp_methods", ["", "zstd", "xbzrle,mt"], ["lz4", "zstd,zstd", "zstd, mt", 3]),
        ("comp_zstd_level", [None, 0, 20], [21, -1, True, "3"]),
        ("comp_xbzrle_cache_bytes", [4096, 1 << 30], [4095]),
        ("auto_converge_initial", [1, 99], [0, 100]),
        ("tls", [True, False], [1, None]),
        ("tls_destination", ["host2.example.org"], ["a b", "x" * 300]),
        (
            "migrateuri",
            ["tcp://10.0.0.2", "tcp://[fd00::2]:49160", "rdma://host2/"],
            ["ssh://host2", "tcp://", "tcp://host2/x"],
        ),
        ("listen_address", ["10.0.0.2", "::"], ["10.0.0.2 "]),
        ("graphicsuri", ["spice://10.0.0.2:5900"], ["10.0.0.2"]),
        ("migrate_disks", ["vda", "vda,sdb"], ["vda,", "a b", "vda, vdb"]),
        ("disks_port", [None, 49200], [0, 65536]),
        ("disks_uri", ["tcp://10.0.0.2:49200", "unix:///run/a.sock"], ["rdma://host2", "10.0.0.2"]),
        ("dname", ["guest2"], ["a/b", " ", "x\x1b"]),
        ("xml", ["", "<domain>\n</domain>", "x" * MOST_XML], ["x" * (MOST_XML + 1), "\u20ac" * MOST_XML, "\0", 3]),
    ],
)
def test_only_values_that_libvirt_can_use_are_accepted(name: str, accepted: list[Any], refused: list[Any]) -> None:
    option = BY_NAME[name]
    assert all(option.valid(value) for value in accepted)
    assert not any(option.valid(value) for value in refused)


def test_the_words_are_those_of_the_options_that_differ() -> None:
    assert option_words(VirshOptions()) == []
    given = VirshOptions(
        comp_methods="zstd", comp_zstd_level=0, postcopy_bandwidth_mib_s=20, tls=True, persistent=False
    )
    assert option_words(given) == [
        "comp-methods zstd",
        "comp-zstd-level 0",
        "postcopy-bandwidth 20 MiB/s",
        "tls",
        "no persistent",
    ]
    assert option_words(VirshOptions(comp_xbzrle_cache_bytes=1 << 27)) == ["comp-xbzrle-cache 128 MiB"]


def test_a_file_is_told_from_another_one_by_its_checksum() -> None:
    assert option_words(VirshOptions(xml="<domain/>\n")) == ["xml 29d2f27d"]
    assert option_words(VirshOptions(xml="<domain/>\n\n")) != ["xml 29d2f27d"]


def test_a_record_has_only_the_options_that_differ_and_is_read_as_far_as_it_is_whole() -> None:
    plan = Plan("x", tls=True, comp_zlib_level=9, undefinesource=False)
    assert read_options(plan.fields) == {"comp_zlib_level": 9, "tls": True, "undefinesource": False}
    assert Plan(**plan.fields) == plan
    assert "persistent" not in plan.fields
    assert read_options({"tls": "yes", "comp_zlib_level": 77, "dname": "a/b", "suspend": True}) == {"suspend": True}


@pytest.mark.parametrize(
    ("name", "virsh"),
    [
        ("comp_xbzrle_cache_bytes", "--comp-xbzrle-cache"),
        ("postcopy_bandwidth_mib_s", "--postcopy-bandwidth"),
        ("available_switchover_bandwidth_mib_s", "--available-switchover-bandwidth"),
        ("undefinesource", "--undefinesource"),
    ],
)
def test_the_names_are_those_of_virsh(name: str, virsh: str) -> None:
    assert BY_NAME[name].virsh == virsh
