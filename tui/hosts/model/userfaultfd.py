"""Whether QEMU may use userfaultfd on a host, without which no VM can arrive there by post-copy."""

import shlex
from dataclasses import dataclass

from tui.linux import perl_or_python

SYSCTL = "vm.unprivileged_userfaultfd"

# The system call of this number, as QEMU does it: O_CLOEXEC, and the kernel's faults wanted as well.
PERL_CALL = (
    'use Errno; my $fd = syscall(shift() + 0, 02000000); print $fd >= 0 ? "granted" : $!{EPERM} ? "denied" : "missing"'
)
PYTHON_CALL = """
import ctypes, errno, sys
libc = ctypes.CDLL(None, use_errno=True)
done = libc.syscall(int(sys.argv[1]), 0o2000000)
print("granted" if done >= 0 else "denied" if ctypes.get_errno() == errno.EPERM else "missing")
"""

# As root. $1 the user's number that QEMU runs as, $2 its group's. It asks for the thing itself, as QEMU does: with no
# capabilities, for libvirt takes them from QEMU even where its user is root. 323 and 282 are the system call's numbers.
SCRIPT = rf"""
as_qemu() {{ setpriv --reuid="$uid" --regid="$gid" --clear-groups --inh-caps=-all --bounding-set=-all -- "$@"; }}
uid=$1 gid=$2
echo "sysctl $(cat /proc/sys/vm/unprivileged_userfaultfd 2>/dev/null)"
[ ! -c /dev/userfaultfd ] || echo "device there"
case $(uname -m) in x86_64) number=323 ;; aarch64) number=282 ;; *) exit 0 ;; esac
either={shlex.quote(perl_or_python.SCRIPT)}
call() {{ as_qemu sh -c "$either" sh "$@" 2> /dev/null; }}
echo "call $(call {shlex.quote(PERL_CALL)} {shlex.quote(PYTHON_CALL)} "$number")"
[ ! -c /dev/userfaultfd ] || as_qemu sh -c ': <> /dev/userfaultfd' 2> /dev/null || exit 0
[ ! -c /dev/userfaultfd ] || echo "device opens"
"""


@dataclass(frozen=True)
class Userfaultfd:
    """What was tried as QEMU's user: the system call ("granted", "denied", "missing", "" not tried), the device.

    `sysctl` is the setting's value, "" where the kernel has none.
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
