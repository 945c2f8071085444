"""The options of virsh as keys of a plan file: each is one value, or a list that is swept."""

from dataclasses import dataclass
from typing import Annotated

from tui.core import schema_kinds as kinds
from tui.core.schema import Kind
from tui.core.virsh_options import BYTES, MIB_S, OPTIONS, Option
from tui.study.model.sweep import sweep

BY_NAME = {each.name: each for each in OPTIONS}


def swept(name: str) -> Kind:
    """The values of an option, or lists of them."""
    return sweep(_kind(BY_NAME[name]))


def _kind(option: Option) -> Kind:
    if option.is_flag:
        return kinds.yes_or_no()
    if option.unit == BYTES:
        return kinds.size(option.least, option.most)
    if option.unit == MIB_S:
        return kinds.rate(option.most)
    if option.is_number:
        return kinds.whole(option.least, option.most)
    return kinds.text(option.expected, lambda text: bool(text) and option.fits(text))


@dataclass(frozen=True, kw_only=True)
class OptionKeys:
    """The options by the names of the plan; one that is not given has the usual value alone.

    Those that name a host or change where the VM is are left out: a study migrates each VM there and back.
    """

    comp_methods: Annotated[tuple[str, ...], swept("comp_methods")] = ("",)
    comp_xbzrle_cache_bytes: Annotated[tuple[int | None, ...], swept("comp_xbzrle_cache_bytes")] = (None,)
    comp_zlib_level: Annotated[tuple[int | None, ...], swept("comp_zlib_level")] = (None,)
    comp_zstd_level: Annotated[tuple[int | None, ...], swept("comp_zstd_level")] = (None,)
    comp_mt_level: Annotated[tuple[int | None, ...], swept("comp_mt_level")] = (None,)
    comp_mt_threads: Annotated[tuple[int | None, ...], swept("comp_mt_threads")] = (None,)
    comp_mt_dthreads: Annotated[tuple[int | None, ...], swept("comp_mt_dthreads")] = (None,)
    zerocopy: Annotated[tuple[bool, ...], swept("zerocopy")] = (False,)
    auto_converge_initial: Annotated[tuple[int | None, ...], swept("auto_converge_initial")] = (None,)
    auto_converge_increment: Annotated[tuple[int | None, ...], swept("auto_converge_increment")] = (None,)
    postcopy_bandwidth_mib_s: Annotated[tuple[int | None, ...], swept("postcopy_bandwidth_mib_s")] = (None,)
    available_switchover_bandwidth_mib_s: Annotated[
        tuple[int | None, ...], swept("available_switchover_bandwidth_mib_s")
    ] = (None,)
    tls: Annotated[tuple[bool, ...], swept("tls")] = (False,)
    tunnelled: Annotated[tuple[bool, ...], swept("tunnelled")] = (False,)
    copy_storage_all: Annotated[tuple[bool, ...], swept("copy_storage_all")] = (False,)
    copy_storage_inc: Annotated[tuple[bool, ...], swept("copy_storage_inc")] = (False,)
    copy_storage_synchronous_writes: Annotated[tuple[bool, ...], swept("copy_storage_synchronous_writes")] = (False,)
    abort_on_error: Annotated[tuple[bool, ...], swept("abort_on_error")] = (False,)
    change_protection: Annotated[tuple[bool, ...], swept("change_protection")] = (False,)
