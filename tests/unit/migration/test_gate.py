"""Which option which hosts, VM and combination refuse, with the sentence."""

from dataclasses import replace
from typing import Any

import pytest

from tui.core.plan import AUTOMATIC, POST_COPY_MANUAL, Plan, possible
from tui.core.vm import Daemon
from tui.migration.model.call.gate import RULES, Case, refusals, unavailable, without_effect

NEW = Daemon("qemu:///system", "host", "uuid", (12, 8, 0), (11, 1, 3), 2, "EPYC", 1 << 34, 1 << 33)
JAMMY = replace(NEW, libvirt_version=(8, 0, 0), hypervisor_version=(6, 2, 0))
BOOKWORM = replace(NEW, libvirt_version=(9, 0, 0), hypervisor_version=(7, 2, 0))
NOBLE = replace(NEW, libvirt_version=(10, 0, 0), hypervisor_version=(8, 2, 2))

UUID = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
XML = f"<domain type='kvm'>\n  <name>x</name>\n  <uuid>{UUID}</uuid>\n</domain>"
EDIT = "Save it with virsh dumpxml --migratable, and change paths, addresses or names of networks in it."

GOOD: list[dict[str, Any]] = [
    {},
    {"comp_methods": "xbzrle", "comp_xbzrle_cache_bytes": 1 << 27},
    {"comp_methods": "zstd", "comp_zstd_level": 3, "parallel": 4},
    {"comp_methods": "zlib", "comp_zlib_level": 9, "parallel": 1},
    {"zerocopy": True, "parallel": 4},
    {"auto_converge": True, "auto_converge_initial": 30, "auto_converge_increment": 20},
    {"technique": POST_COPY_MANUAL, "postcopy_bandwidth_mib_s": 20},
    {"available_switchover_bandwidth_mib_s": 100},
    {"tls": True, "tls_destination": "host2", "parallel": 2},
    {"tunnelled": True},
    {"migrateuri": "tcp://10.0.0.2", "listen_address": "10.0.0.2", "dname": "y", "persistent": False},
    {"copy_storage_all": True, "technique": POST_COPY_MANUAL, "tls": True, "disks_port": 49200, "parallel": 2},
    {
        "copy_storage_inc": True,
        "migrate_disks": "vda,vdb",
        "migrate_disks_detect_zeroes": "vda",
        "copy_storage_synchronous_writes": True,
        "disks_uri": "tcp://10.0.0.2:49200",
    },
    {"xml": XML, "persistent_xml": XML.replace(UUID, UUID.replace("-", "").upper()), "dname": "y"},
    {"undefinesource": False, "suspend": True, "abort_on_error": True, "change_protection": True},
]
AUTOCONVERGE = "auto-converge is off. Set --auto-converge."
ROWS: list[tuple[dict[str, Any], Daemon, Daemon, str]] = [
    (
        {"comp_methods": "qatzip", "parallel": 2},
        NEW,
        NEW,
        "--comp-methods is refused: libvirt cannot set it, up to 12.8. Use zstd.",
    ),
    (
        {"comp_methods": "zstd", "parallel": 2},
        BOOKWORM,
        NEW,
        "--comp-methods is refused: libvirt has it since 9.4, the origin has 9.0. Use xbzrle without parallel "
        "connections.",
    ),
    (
        {"comp_methods": "zlib", "parallel": 2},
        NEW,
        JAMMY,
        "--comp-methods is refused: libvirt has it since 9.4, the target has 8.0. Use xbzrle without parallel "
        "connections.",
    ),
    (
        {"comp_methods": "mt"},
        NOBLE,
        NEW,
        "--comp-methods is refused: QEMU has no compression by mt since 9.1, the target has 11.1.3. Use xbzrle, or "
        "zstd with parallel connections.",
    ),
    (
        {"comp_methods": "zstd"},
        NEW,
        NEW,
        "--comp-methods is refused: zstd compresses parallel connections, and there are none. Set --parallel for "
        "zlib or zstd, and 0 connections for xbzrle.",
    ),
    (
        {"comp_methods": "xbzrle", "parallel": 2},
        NEW,
        NEW,
        "--comp-methods is refused: xbzrle does not work with parallel connections. Set --parallel for zlib or zstd, "
        "and 0 connections for xbzrle.",
    ),
    (
        {"comp_methods": "zlib,zstd", "parallel": 2},
        NEW,
        NEW,
        "--comp-methods is refused: parallel connections have a single method. Set --parallel for zlib or zstd, and "
        "0 connections for xbzrle.",
    ),
    (
        {"comp_methods": "mt", "technique": POST_COPY_MANUAL},
        JAMMY,
        JAMMY,
        "--comp-methods is refused: QEMU does not combine mt with post-copy. Choose pre-copy.",
    ),
    *[
        (
            {name: value},
            NEW,
            NEW,
            f"{virsh} is refused: it tunes {method}, which is not among --comp-methods. Leave {virsh} out.",
        )
        for name, value, virsh, method in (
            ("comp_xbzrle_cache_bytes", 1 << 27, "--comp-xbzrle-cache", "xbzrle"),
            ("comp_zlib_level", 3, "--comp-zlib-level", "zlib"),
            ("comp_zstd_level", 3, "--comp-zstd-level", "zstd"),
            ("comp_mt_level", 3, "--comp-mt-level", "mt"),
            ("comp_mt_threads", 3, "--comp-mt-threads", "mt"),
            ("comp_mt_dthreads", 3, "--comp-mt-dthreads", "mt"),
        )
    ],
    (
        {"comp_methods": "xbzrle", "comp_xbzrle_cache_bytes": 100_000_000},
        NEW,
        NEW,
        "--comp-xbzrle-cache is refused: QEMU accepts a power of two, 100000000 bytes are none. Take 64 MiB, "
        "128 MiB, 256 MiB and so on.",
    ),
    (
        {"zerocopy": True, "parallel": 2},
        NEW,
        JAMMY,
        "--zerocopy is refused: libvirt has it since 8.5, the target has 8.0. Leave --zerocopy out.",
    ),
    (
        {"zerocopy": True, "parallel": 2},
        replace(NEW, hypervisor_version=(7, 0, 0)),
        NEW,
        "--zerocopy is refused: QEMU has it since 7.1, the origin has 7.0. Leave --zerocopy out.",
    ),
    ({"zerocopy": True}, NEW, NEW, "--zerocopy is refused: it needs parallel connections. Set --parallel."),
    (
        {"zerocopy": True, "parallel": 2, "comp_methods": "zstd"},
        NEW,
        NEW,
        "--zerocopy is refused: what is compressed is a copy. Leave --zerocopy out.",
    ),
    (
        {"zerocopy": True, "parallel": 2, "tls": True},
        NEW,
        NEW,
        "--zerocopy is refused: what is encrypted is a copy. Leave --zerocopy out.",
    ),
    ({"auto_converge_initial": 30}, NEW, NEW, f"--auto-converge-initial is refused: {AUTOCONVERGE}"),
    ({"auto_converge_increment": 30}, NEW, NEW, f"--auto-converge-increment is refused: {AUTOCONVERGE}"),
    (
        {"available_switchover_bandwidth_mib_s": 20},
        NOBLE,
        NEW,
        "--available-switchover-bandwidth is refused: libvirt has it since 11.1, the origin has 10.0. Leave "
        "--available-switchover-bandwidth out.",
    ),
    (
        {"available_switchover_bandwidth_mib_s": 20},
        replace(NEW, hypervisor_version=(8, 1, 0)),
        NEW,
        "--available-switchover-bandwidth is refused: QEMU has it since 8.2, the origin has 8.1. Leave "
        "--available-switchover-bandwidth out.",
    ),
    ({"tls_destination": "host2"}, NEW, NEW, "--tls-destination is refused: TLS is off. Set --tls."),
    (
        {"tunnelled": True, "parallel": 2, "migrateuri": "tcp://10.0.0.2"},
        NEW,
        NEW,
        "--tunnelled is refused: a tunnelled migration supports no parallel connections and no --migrateuri. Leave "
        "--tunnelled out.",
    ),
    (
        {"tunnelled": True, "technique": POST_COPY_MANUAL, "listen_address": "::"},
        NEW,
        NEW,
        "--tunnelled is refused: a tunnelled migration supports no post-copy and no --listen-address. Leave "
        "--tunnelled out.",
    ),
    (
        {"tunnelled": True, "disks_port": 49200},
        NEW,
        NEW,
        "--tunnelled is refused: a tunnelled migration supports no --disks-port. Leave --tunnelled out.",
    ),
    (
        {"suspend": True, "technique": POST_COPY_MANUAL},
        NEW,
        NEW,
        "--suspend is refused: libvirt does not combine it with post-copy. Choose pre-copy, or leave --suspend out.",
    ),
    (
        {"migrateuri": "rdma://10.0.0.2"},
        NEW,
        NEW,
        "--migrateuri is refused: RDMA locks memory, and the VM has no <hard_limit>. Set it with virsh memtune "
        "--hard-limit.",
    ),
    (
        {"tunnelled": True, "copy_storage_all": True},
        NEW,
        NEW,
        "--tunnelled is refused: a tunnelled migration supports no copy of disks. Leave --tunnelled out.",
    ),
    (
        {"copy_storage_all": True, "copy_storage_inc": True},
        NEW,
        NEW,
        "--copy-storage-inc is refused: --copy-storage-all copies the backing files, too. Choose one of them.",
    ),
    *[
        ({name: value}, NEW, NEW, f"{virsh} is refused: no disk is copied. Set --copy-storage-all.")
        for name, value, virsh in (
            ("migrate_disks", "vda", "--migrate-disks"),
            ("migrate_disks_detect_zeroes", "vda", "--migrate-disks-detect-zeroes"),
            ("copy_storage_synchronous_writes", True, "--copy-storage-synchronous-writes"),
        )
    ],
    (
        {"copy_storage_all": True, "migrate_disks_detect_zeroes": "vda"},
        NEW,
        NOBLE,
        "--migrate-disks-detect-zeroes is refused: libvirt has it since 10.9, the target has 10.0. Leave "
        "--migrate-disks-detect-zeroes out.",
    ),
    (
        {"copy_storage_all": True, "migrate_disks": "vda", "migrate_disks_detect_zeroes": "vda,vdb"},
        NEW,
        NEW,
        "--migrate-disks-detect-zeroes is refused: --migrate-disks leaves out vdb. Add them there, or leave them out "
        "here.",
    ),
    (
        {"copy_storage_all": True, "copy_storage_synchronous_writes": True},
        replace(NEW, libvirt_version=(7, 10, 0)),
        NEW,
        "--copy-storage-synchronous-writes is refused: libvirt has it since 8.0, the origin has 7.10. Leave "
        "--copy-storage-synchronous-writes out.",
    ),
    (
        {"copy_storage_all": True, "disks_port": 49200, "disks_uri": "tcp://10.0.0.2:1"},
        NEW,
        NEW,
        "--disks-port is refused: --disks-uri contains the port. Set one of them.",
    ),
    (
        {"copy_storage_all": True, "tls": True, "disks_uri": "unix:///run/a"},
        NEW,
        NEW,
        "--disks-uri is refused: TLS is not supported over a UNIX socket. Choose a URI with tcp:.",
    ),
    *[
        ({"xml": xml}, NEW, NEW, f"--xml is refused: {why}. {EDIT}")
        for xml, why in (
            ("<domain>", "this is not XML: line 1, column 9: no element found"),
            ("<network/>", "this is not the XML of a VM: its root element is <network>, not <domain>"),
            (XML.replace(">x<", ">y<"), "it defines the VM 'y', not 'x'"),
            (XML.replace(UUID, ""), "it has no <uuid>, so libvirt would make another VM of it"),
            (XML.replace("4dea", "5dea"), f"its UUID is 5{UUID[1:]}, that of the VM is {UUID}"),
        )
    ],
    (
        {"xml": XML.replace(">x<", ">y<"), "dname": "y"},
        NEW,
        NEW,
        f"--xml is refused: it defines the VM 'y', not 'x', and only --dname renames. {EDIT}",
    ),
    (
        {"persistent_xml": XML, "persistent": False},
        NEW,
        NEW,
        "--persistent-xml is refused: the destination keeps no definition. Leave --no-persistent out.",
    ),
    (
        {"persistent_xml": "no"},
        NEW,
        NEW,
        "--persistent-xml is refused: this is not XML: line 1, column 1: syntax error. Save it with virsh dumpxml "
        "--inactive, and change that.",
    ),
]
COPIES = {"migrate_disks", "migrate_disks_detect_zeroes", "copy_storage_synchronous_writes"}


@pytest.mark.parametrize("given", GOOD)
def test_new_hosts_accept_what_libvirt_accepts(given: dict[str, Any]) -> None:
    assert refusals(Case(Plan("x", **given), NEW, NEW, uuid=UUID)) == []


@pytest.mark.parametrize(("given", "here", "there", "sentence"), ROWS)
def test_a_refused_option_has_its_reason(given: dict[str, Any], here: Daemon, there: Daemon, sentence: str) -> None:
    assert [str(each) for each in refusals(Case(Plan("x", **given), here, there, uuid=UUID))] == [sentence]


@pytest.mark.parametrize("given", [{"available_switchover_bandwidth_mib_s": 20}, {"auto_converge_initial": 30}])
def test_libvirt_does_not_pass_on_what_only_the_origin_needs(given: dict[str, Any]) -> None:
    assert refusals(Case(Plan("x", auto_converge=True, **given), NEW, JAMMY)) == []


def test_rdma_with_a_hard_limit_has_no_parallel_connections() -> None:
    plan = Plan("x", migrateuri="rdma://10.0.0.2", rdma_pin_all=True)
    assert refusals(Case(plan, NEW, NEW, hard_limit=True)) == []
    found = refusals(Case(replace(plan, parallel=2), NEW, NEW, hard_limit=True))
    assert [str(each) for each in found] == [
        "--migrateuri is refused: RDMA has no parallel connections. Set the parallel connections to 0."
    ]


def test_a_value_that_no_client_of_ours_sends_is_refused() -> None:
    found = refusals(Case(Plan("x", comp_methods="xbzrle", comp_xbzrle_cache_bytes=-1, dname="a/b"), NEW, NEW))
    assert [str(each) for each in found] == [
        "--comp-xbzrle-cache is refused: the value is -1. Leave --comp-xbzrle-cache out.",
        "--dname is refused: the value is 'a/b'. Leave --dname out.",
    ]


def test_options_that_are_not_set_are_refused_as_if_they_were() -> None:
    found = unavailable(Case(Plan("x", comp_methods="xbzrle"), JAMMY, NEW))
    assert set(found) == {
        "comp_zlib_level", "comp_zstd_level", "comp_mt_level", "comp_mt_threads", "comp_mt_dthreads", "zerocopy",
        "auto_converge_initial", "auto_converge_increment", "available_switchover_bandwidth_mib_s",
        "tls_destination", *COPIES,
    }  # fmt: skip
    assert found["available_switchover_bandwidth_mib_s"].why == "libvirt has it since 11.1, the origin has 8.0"
    full = Plan("x", POST_COPY_MANUAL, parallel=2, auto_converge=True, tls=True)
    assert set(unavailable(Case(full, NEW, NEW))) == {
        "comp_xbzrle_cache_bytes", "comp_zlib_level", "comp_zstd_level", "comp_mt_level", "comp_mt_threads",
        "comp_mt_dthreads", "zerocopy", "tunnelled", "suspend", *COPIES,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"postcopy_bandwidth_mib_s": 20}, "--postcopy-bandwidth has no effect: the migration does not use post-copy."),
        ({"disks_port": 49200}, "--disks-port has no effect: no disk is copied."),
        ({"disks_uri": "tcp://10.0.0.2:1"}, "--disks-uri has no effect: no disk is copied."),
        ({"rdma_pin_all": True}, "--rdma-pin-all has no effect: the migration does not use RDMA."),
    ],
)
def test_what_libvirt_accepts_and_ignores_is_noted_and_not_refused(given: dict[str, Any], sentence: str) -> None:
    plan = Plan("x", **given)
    assert refusals(Case(plan, NEW, NEW)) == []
    assert list(without_effect(plan).values()) == [sentence]
    used = replace(plan, technique=POST_COPY_MANUAL, copy_storage_all=True, migrateuri="rdma://10.0.0.2")
    assert without_effect(used) == without_effect(Plan("x")) == {}


def test_every_rule_refuses_something() -> None:
    cases = [Case(Plan("x", **given), here, there, uuid=UUID) for given, here, there, _ in ROWS]
    cases.append(Case(Plan("x", migrateuri="rdma://10.0.0.2", parallel=2), NEW, NEW, hard_limit=True))
    assert [rule for rule in RULES if not any(rule.why(case) for case in cases)] == []


@pytest.mark.parametrize("given", [{"tunnelled": True}, {"suspend": True}, {"comp_methods": "mt"}])
def test_automatic_does_without_post_copy_where_an_option_excludes_it(given: dict[str, Any]) -> None:
    plan = possible(Plan("x", AUTOMATIC, **given), (7, 2, 0))
    assert (plan.post_copy, plan.auto_converge) == (False, True)
    assert refusals(Case(plan, JAMMY, JAMMY)) == []
