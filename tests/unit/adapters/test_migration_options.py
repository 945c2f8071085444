"""Each option of virsh as the flag or the parameter that virsh passes for it."""

from typing import Any

import libvirt
import pytest

from tui.adapters.libvirt.migration import migration_flags, migration_parameters
from tui.core.plan import Plan
from tui.core.virsh_options import OPTIONS, Option

USUAL = migration_flags(Plan("x"))


@pytest.mark.parametrize(
    ("given", "flag"),
    [
        ({"tunnelled": True}, libvirt.VIR_MIGRATE_TUNNELLED),
        ({"suspend": True}, libvirt.VIR_MIGRATE_PAUSED),
        ({"change_protection": True}, libvirt.VIR_MIGRATE_CHANGE_PROTECTION),
        ({"abort_on_error": True}, libvirt.VIR_MIGRATE_ABORT_ON_ERROR),
        ({"rdma_pin_all": True}, libvirt.VIR_MIGRATE_RDMA_PIN_ALL),
        ({"tls": True}, libvirt.VIR_MIGRATE_TLS),
        ({"zerocopy": True}, 1 << 20),
        ({"copy_storage_all": True}, libvirt.VIR_MIGRATE_NON_SHARED_DISK),
        ({"copy_storage_inc": True}, libvirt.VIR_MIGRATE_NON_SHARED_INC),
        ({"copy_storage_synchronous_writes": True}, 1 << 18),
        ({"persistent": False}, -libvirt.VIR_MIGRATE_PERSIST_DEST),
        ({"undefinesource": False}, -libvirt.VIR_MIGRATE_UNDEFINE_SOURCE),
    ],
)
def test_an_option_that_is_on_or_off_is_a_flag(given: dict[str, bool], flag: int) -> None:
    assert migration_flags(Plan("x", **given)) - USUAL == flag  # type: ignore[arg-type]
    assert migration_parameters(Plan("x", **given)) == {}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "parameters"),
    [
        ({"comp_methods": "xbzrle,mt"}, {"compression": ["xbzrle", "mt"]}),
        ({"comp_xbzrle_cache_bytes": 1 << 26}, {"compression.xbzrle.cache": 1 << 26}),
        ({"comp_zlib_level": 0}, {"compression.zlib.level": 0}),
        ({"comp_zstd_level": 3}, {"compression.zstd.level": 3}),
        ({"comp_mt_level": 1}, {"compression.mt.level": 1}),
        ({"comp_mt_threads": 2}, {"compression.mt.threads": 2}),
        ({"comp_mt_dthreads": 2}, {"compression.mt.dthreads": 2}),
        ({"auto_converge_initial": 30}, {"auto_converge.initial": 30}),
        ({"auto_converge_increment": 15}, {"auto_converge.increment": 15}),
        ({"postcopy_bandwidth_mib_s": 20}, {"bandwidth.postcopy": 20}),
        ({"available_switchover_bandwidth_mib_s": 100}, {"bandwidth.avail.switchover": 100}),
        ({"tls_destination": "host2"}, {"tls.destination": "host2"}),
        ({"migrateuri": "tcp://10.0.0.2"}, {"migrate_uri": "tcp://10.0.0.2"}),
        ({"listen_address": "10.0.0.2"}, {"listen_address": "10.0.0.2"}),
        ({"graphicsuri": "vnc://10.0.0.2"}, {"graphics_uri": "vnc://10.0.0.2"}),
        ({"dname": "y"}, {"destination_name": "y"}),
        ({"xml": "<domain/>"}, {"destination_xml": "<domain/>"}),
        ({"persistent_xml": "<domain/>"}, {"persistent_xml": "<domain/>"}),
        ({"migrate_disks": "vda,vdb"}, {"migrate_disks": ["vda", "vdb"]}),
        ({"migrate_disks_detect_zeroes": "vda"}, {"migrate_disks_detect_zeroes": ["vda"]}),
        ({"disks_port": 49200}, {"disks_port": 49200}),
        ({"disks_uri": "tcp://10.0.0.2:1"}, {"disks_uri": "tcp://10.0.0.2:1"}),
    ],
)
def test_an_option_with_a_value_is_a_parameter(given: dict[str, Any], parameters: dict[str, Any]) -> None:
    assert migration_parameters(Plan("x", **given)) == parameters
    assert migration_flags(Plan("x", **given)) == USUAL


@pytest.mark.parametrize("option", OPTIONS, ids=[each.name for each in OPTIONS])
def test_every_option_is_passed_on(option: Option) -> None:
    value = not option.usual if option.is_flag else option.least if option.is_number else "zstd"
    plan = Plan("x", **{option.name: value})  # type: ignore[arg-type]
    assert (migration_flags(plan), migration_parameters(plan)) != (USUAL, {})


def test_the_names_are_those_of_the_binding() -> None:
    known = {value for name, value in vars(libvirt).items() if name.startswith("VIR_MIGRATE_PARAM_")}
    newer = {"bandwidth.avail.switchover", "compression.zlib.level", "compression.zstd.level"}
    newer |= {"migrate_disks_detect_zeroes"}
    assert {each.libvirt for each in OPTIONS if not each.is_flag} - newer <= known
