"""Whether QEMU may use userfaultfd on a host, without which no VM can arrive there by post-copy."""

import shlex
from dataclasses import dataclass

SYSCTL = "vm.unprivileged_userfaultfd"

# The system call of this number, as QEMU does it: O_CLOEXEC, and the kernel's faults wanted as well.
CALL = (
    'use Errno; my $fd = syscall(shift() + 0, 02000000); print $fd >= 0 ? "granted" : $!{EPERM} ? "denied" : "missing"'
)
NO_PERL = "no_perl"  # the answer where the call can't be made

# As root. $1 the user's number that QEMU runs as, $2 its group's. It asks for the thing itself, as QEMU does: with no
# capabilities, for libvirt takes them from QEMU even where its user is root. 323 and 282 are the system call's numbers.
SCRIPT = rf"""
as_qemu() {{ setpriv --reuid="$uid" --regid="$gid" --clear-groups --inh-caps=-all --bounding-set=-all -- "$@"; }}
uid=$1 gid=$2
echo "sysctl $(cat /proc/sys/vm/unprivileged_userfaultfd 2>/dev/null)"
[ ! -c /dev/userfaultfd ] || echo "device there"
case $(uname -m) in x86_64) number=323 ;; aarch64) number=282 ;; *) exit 0 ;; esac
program={shlex.quote(CALL)} answer={NO_PERL}
if command -v perl > /dev/null; then answer=$(as_qemu perl -e "$program" "$number" 2> /dev/null); fi
echo "call $answer"
[ ! -c /dev/userfaultfd ] || as_qemu sh -c ': <> /dev/userfaultfd' 2> /dev/null || exit 0
[ ! -c /dev/userfaultfd ] || echo "device opens"
"""


@dataclass(frozen=True)
class Userfaultfd:
    """What was tried as QEMU's user: the system call ("granted", "denied", "missing", "" not tried), the device.

    `call` is NO_PERL where the call could not be made. `sysctl` is the setting's value, "" where the kernel has none.
    """

    call: str = ""
    device: bool = False
    opens: bool = False
    sysctl: str = ""


def parse_userfaultfd(text: str) -> Userfaultfd:
    """What SCRIPT printed."""
    lines = [line.partition(" ")[::2] for line in text.splitlines()]
    facts = dict(lines)
    return Userfaultfd(
        facts.get("call", "").strip(),
        device=("device", "there") in lines,
        opens=("device", "opens") in lines,
        sysctl=facts.get("sysctl", "").strip(),
    )
