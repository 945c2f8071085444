"""Tests KVM of a host with a tiny guest."""

from tui.core.failure import Failure
from tui.linux.sudo import Sudo
from tui.vm.model import kvm
from tui.vm.model.kvm import Kvm

TRIAL_LIMIT_S = 60.0  # the test takes 2 s unless the host is overloaded


async def try_kvm(sudo: Sudo, host: str, user: tuple[int, int]) -> Kvm:
    """Run the guest as QEMU's user and group (uid, gid); Failure if it could not be started."""
    argv = ["sh", "-c", kvm.SCRIPT, "sh", *map(str, user)]
    done = await sudo.run(host, argv, timeout=TRIAL_LIMIT_S)
    found = kvm.parse_kvm(done.output(f"{host} could not be read as root"))
    if found is None:
        raise Failure(f"KVM on {host} could not be tried", "there was no space for its disk, or mktemp is missing")
    return found
