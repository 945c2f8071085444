"""Tests KVM with a tiny guest, because /dev/kvm may exist and still not work."""

from dataclasses import dataclass

from tui.core.trial_guest import CODE, DEVICE, DISK_BYTES, RAN, SIGNED

RUNS, HANGS, FAILS, NO_DEVICE, NO_QEMU = "runs", "hangs", "fails", "no device", "no QEMU"

# As root. $1 and $2 are uid and gid of QEMU. The trial takes 0.2 s on working KVM; a hanging QEMU, and one that KVM
# has paused for an error, ends only by SIGKILL.
_OCTAL = "".join(f"\\{byte:03o}" for byte in CODE)
_TRIAL = f"code='{_OCTAL}' signed={SIGNED} bytes={DISK_BYTES} device='{' '.join(DEVICE)}' ran={RAN}"
SCRIPT = (
    f"{_TRIAL}\n"
    + r"""
[ -c /dev/kvm ] || { echo "no device"; grep -qwE 'vmx|svm' /proc/cpuinfo && echo "cpu can"; exit 0; }
qemu=$(command -v qemu-system-x86_64 || command -v /usr/libexec/qemu-kvm) || { echo "no QEMU"; exit 0; }
folder=$(mktemp -d) || exit 0
trap 'rm -rf -- "$folder"' EXIT
printf "$code" > "$folder/boot"
truncate -s "$signed" "$folder/boot"
printf '\125\252' >> "$folder/boot"
truncate -s "$bytes" "$folder/boot"
chmod 755 "$folder"
chmod 644 "$folder/boot"
name=$(getent passwd "$1" | cut -d : -f 1)
groups=--clear-groups
[ -z "$name" ] || groups=--init-groups
output=$(timeout -s KILL 1.5 setpriv --reuid="$1" --regid="$2" "$groups" "$qemu" -accel kvm -m 32 -nodefaults \
  -no-user-config -display none $device \
  -drive "file=$folder/boot,format=raw,if=floppy,readonly=on" 2>&1 </dev/null)
case $? in
  "$ran") echo runs ;;
  124 | 137) echo hangs ;;
  *) echo fails; printf '%s\n' "$output" | tail -n 3 ;;
esac
"""
)


@dataclass(frozen=True)
class Kvm:
    """Result of the test: `outcome` is one of the constants above, `detail` QEMU's text or what the CPU supports."""

    outcome: str
    detail: str = ""

    @property
    def words(self) -> str:
        """The result as the pages show it, after "/dev/kvm: "."""
        return {
            RUNS: "a guest runs on it",
            HANGS: "present, but a guest did not run on it within 1.5 s",
            FAILS: "present, but QEMU can't use it",
            NO_DEVICE: "missing",
            NO_QEMU: "present, not tested because QEMU is not installed",
        }[self.outcome]


def parse_kvm(text: str) -> Kvm | None:
    """Parse the output of SCRIPT; None if it has no outcome."""
    outcome, _, detail = text.strip().partition("\n")
    known = outcome in (RUNS, HANGS, FAILS, NO_DEVICE, NO_QEMU)
    return Kvm(outcome, detail.strip()) if known else None
