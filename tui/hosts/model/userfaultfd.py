"""Whether QEMU may use userfaultfd on a host; post-copy to that host requires it."""

import shlex
from dataclasses import dataclass

SYSCTL = "vm.unprivileged_userfaultfd"

# The system call with this number, with the flags of QEMU: O_CLOEXEC, and faults of the kernel included.
CALL = (
    'use Errno; my $fd = syscall(shift() + 0, 02000000); print $fd >= 0 ? "granted" : $!{EPERM} ? "denied" : "missing"'
)
NO_PERL = "no_perl"  # the result if perl is missing

# As root. $1 and $2 are uid and gid of QEMU. It makes the system call as QEMU does, without capabilities, because
# libvirt removes them from QEMU even if it runs as root. 323 and 282 are the numbers of the system call.
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
    """Results as QEMU's user, of the system call and the device.

    `call` is "granted", "denied", "missing", NO_PERL, or "" if it was not tried.
    `sysctl` is the value of SYSCTL, "" if the kernel has none.
    """

    call: str = ""
    device: bool = False
    opens: bool = False
    sysctl: str = ""


def parse_userfaultfd(text: str) -> Userfaultfd:
    """Parse the output of SCRIPT."""
    lines = [line.partition(" ")[::2] for line in text.splitlines()]
    facts = dict(lines)
    return Userfaultfd(
        facts.get("call", "").strip(),
        device=("device", "there") in lines,
        opens=("device", "opens") in lines,
        sysctl=facts.get("sysctl", "").strip(),
    )
