"""Whether QEMU may use userfaultfd on a host, without which no VM can arrive there by post-copy."""

from dataclasses import dataclass

SYSCTL = "vm.unprivileged_userfaultfd"

# As root. $1 the user's number that QEMU runs as, $2 its group's. It asks for the thing itself, as QEMU does: with no
# capabilities, for libvirt takes them from QEMU even where its user is root. 323 and 282 are the system call's numbers.
SCRIPT = r"""
as_qemu() { setpriv --reuid="$uid" --regid="$gid" --clear-groups --inh-caps=-all --bounding-set=-all -- "$@"; }
uid=$1 gid=$2
echo "sysctl $(cat /proc/sys/vm/unprivileged_userfaultfd 2>/dev/null)"
[ ! -c /dev/userfaultfd ] || echo "device there"
case $(uname -m) in x86_64) number=323 ;; aarch64) number=282 ;; *) exit 0 ;; esac
try='my $fd = syscall(shift, 02000000); print $fd >= 0 ? "granted" : $!{EPERM} ? "denied" : "missing", "\n"'
echo "call $(as_qemu perl -MErrno -e "$try" "$number" 2>/dev/null)"
[ ! -c /dev/userfaultfd ] || as_qemu perl -e 'open my $file, "+<", "/dev/userfaultfd" or exit 1' || exit 0
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
