"""Tries whether a guest really runs on KVM on a host."""

from tui.core.failure import Failure
from tui.linux.sudo import Sudo
from tui.vm.model import kvm
from tui.vm.model.kvm import Kvm

TRIAL_LIMIT_S = 60.0  # the trial ends sooner, except on a host that hardly makes progress


async def try_kvm(sudo: Sudo, host: str, user: tuple[int, int]) -> Kvm:
    """Run a guest of a few bytes as QEMU's user and group, given by their numbers; Failure where it cannot be tried."""
    argv = ["sh", "-c", kvm.SCRIPT, "sh", *map(str, user)]
    done = await sudo.run(host, argv, timeout=TRIAL_LIMIT_S)
    found = kvm.parse_kvm(done.output(f"{host} could not be read as root"))
    if found is None:
        raise Failure(f"KVM on {host} could not be tried", "there was no room for a guest's disk, or no mktemp")
    return found
