"""The calls that pause, resume and limit a post-copy, as libvirt's binding gets them."""

from typing import Any

import libvirt
import pytest

from tui.adapters.libvirt.hypervisor import LibvirtHypervisor
from tui.core.failure import Failure
from tui.core.plan import NO_LIMIT_MIB_S, POST_COPY_MANUAL, Plan

PLAN = Plan("guest1", POST_COPY_MANUAL, bandwidth_mib_s=30)
URI = "qemu+ssh://root@destination/system"


class Domain:
    """libvirt's domain; keeps the arguments of the calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def lookupByName(self, name: str) -> "Domain":
        assert name == "guest1"
        return self

    def migrateToURI3(self, uri: str, parameters: dict[str, Any], flags: int) -> None:
        self.calls.append((uri, parameters, flags))

    def abortJobFlags(self, flags: int) -> None:
        self.calls.append((flags,))

    def migrateSetMaxSpeed(self, bandwidth: int, flags: int = 0) -> None:
        self.calls.append((bandwidth, flags))


@pytest.mark.parametrize(("mib_per_s", "sent"), [(50, 50), (0, NO_LIMIT_MIB_S)])
def test_post_copy_has_a_bandwidth_limit_of_its_own(mib_per_s: int, sent: int) -> None:
    domain = Domain()
    hypervisor = LibvirtHypervisor("test:///default", domain)
    hypervisor.set_bandwidth("guest1", mib_per_s)
    hypervisor.set_post_copy_bandwidth("guest1", mib_per_s)
    assert domain.calls == [(sent, 0), (sent, libvirt.VIR_DOMAIN_MIGRATE_MAX_SPEED_POSTCOPY)]


def test_resume_is_the_same_migration_with_the_flag_that_resumes_it() -> None:
    domain = Domain()
    hypervisor = LibvirtHypervisor("test:///default", domain)
    hypervisor.migrate(PLAN, URI)
    hypervisor.resume_post_copy(PLAN, URI)
    (uri, parameters, flags), again = domain.calls
    assert again == (uri, parameters, flags | libvirt.VIR_MIGRATE_POSTCOPY_RESUME)


def test_resume_asks_for_post_copy_even_if_another_program_started_the_migration() -> None:
    domain = Domain()
    LibvirtHypervisor("test:///default", domain).resume_post_copy(Plan("guest1"), URI)
    assert domain.calls[0][2] & libvirt.VIR_MIGRATE_POSTCOPY


def test_pause_aborts_only_a_job_in_post_copy() -> None:
    domain = Domain()
    LibvirtHypervisor("test:///default", domain).pause_post_copy("guest1")
    assert domain.calls == [(libvirt.VIR_DOMAIN_ABORT_JOB_POSTCOPY,)]


def test_an_old_binding_is_named_as_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    for flag in ("VIR_MIGRATE_POSTCOPY_RESUME", "VIR_DOMAIN_ABORT_JOB_POSTCOPY"):
        monkeypatch.delattr(libvirt, flag)
    domain = Domain()
    hypervisor = LibvirtHypervisor("test:///default", domain)
    with pytest.raises(Failure, match="could not be resumed") as resumed:
        hypervisor.resume_post_copy(PLAN, URI)
    with pytest.raises(Failure, match="could not be paused") as paused:
        hypervisor.pause_post_copy("guest1")
    assert "is older than 8.5" in resumed.value.why
    assert paused.value.why == resumed.value.why
    assert domain.calls == []
