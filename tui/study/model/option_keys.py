"""The options of virsh as keys of a plan file: each is one value, or a list that is swept."""

from dataclasses import dataclass
from typing import Annotated

from tui.core.preset import kind_of
from tui.core.schema import Kind
from tui.core.virsh_options import BY_NAME
from tui.study.model.sweep import sweep


def swept(name: str) -> Kind:
    """The values of an option, or lists of them."""
    return sweep(kind_of(BY_NAME[name]))


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
