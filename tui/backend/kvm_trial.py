"""Tries on a host whether VMs run on KVM there, by running one for a moment."""

import shlex

from tui.backend.root import Root
from tui.model.kvm_trial import FLOPPY, LIMIT_S, RAN, argv

# stdin: the floppy; the rest is the command, with FLOPPY_HERE where its path goes.
PLACE = "FLOPPY_HERE"


async def kvm_works(root: Root, host: str, emulator: str) -> bool:
    """Whether a guest executes on KVM there within a few seconds; Failure where it can't be tried."""
    command = shlex.join(argv(emulator, "kvm", PLACE)).replace(PLACE, '"$floppy"')
    script = f"""floppy=$(mktemp) || exit 73
trap 'rm -f "$floppy"' EXIT
cat > "$floppy" || exit 73
timeout -k 1 {LIMIT_S:g} {command} > /dev/null 2>&1
"""
    done = await root.run(host, ["sh", "-c", script], stdin=FLOPPY, timeout=LIMIT_S + 20)
    return done.status == RAN
