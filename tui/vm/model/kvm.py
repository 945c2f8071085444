"""Whether a guest really runs on KVM on a host: /dev/kvm alone is no proof, so one of seven bytes is tried."""

from dataclasses import dataclass

RUNS, HANGS, FAILS, NO_DEVICE, NO_QEMU = "runs", "hangs", "fails", "no device", "no QEMU"

# As root. $1 the user's number that QEMU runs as, $2 its group's. The guest is a boot sector that does
#   mov dx, 0xf4; mov al, 0x10; out dx, al; hlt
# which ends QEMU with status 33 as soon as it is executed. Working KVM takes 0.2 s for it; where it hangs, only
# SIGKILL ends it.
SCRIPT = r"""
[ -c /dev/kvm ] || { echo "no device"; grep -qwE 'vmx|svm' /proc/cpuinfo && echo "cpu can"; exit 0; }
qemu=$(command -v qemu-system-x86_64 || command -v /usr/libexec/qemu-kvm) || { echo "no QEMU"; exit 0; }
folder=$(mktemp -d) || exit 0
trap 'rm -rf -- "$folder"' EXIT
{ printf '\272\364\000\260\020\356\364'; head -c 503 /dev/zero; printf '\125\252'; } > "$folder/boot"
truncate -s 1474560 "$folder/boot"
chmod 755 "$folder"
chmod 644 "$folder/boot"
name=$(getent passwd "$1" | cut -d : -f 1)
groups=--clear-groups
[ -z "$name" ] || groups=--init-groups
said=$(timeout -s KILL 1.5 setpriv --reuid="$1" --regid="$2" "$groups" "$qemu" -accel kvm -m 32 -nodefaults \
  -no-user-config -display none -device isa-debug-exit,iobase=0xf4,iosize=0x04 \
  -drive "file=$folder/boot,format=raw,if=floppy,readonly=on" 2>&1 </dev/null)
case $? in
  33) echo runs ;;
  124 | 137) echo hangs ;;
  *) echo fails; printf '%s\n' "$said" | tail -n 3 ;;
esac
"""


@dataclass(frozen=True)
class Kvm:
    """What the trial came to, one of the words above; `said` is QEMU's own text, or what is known of the CPU."""

    outcome: str
    said: str = ""

    @property
    def words(self) -> str:
        """For a line of facts."""
        return {
            RUNS: "a guest runs on it",
            HANGS: "there, but no guest got going on it within 1.5 s",
            FAILS: "there, but QEMU can't use it",
            NO_DEVICE: "not there",
            NO_QEMU: "there, not tried: no QEMU is installed",
        }[self.outcome]


def parse_kvm(text: str) -> Kvm | None:
    """What SCRIPT printed; None where it did not get as far as an outcome."""
    outcome, _, said = text.strip().partition("\n")
    known = outcome in (RUNS, HANGS, FAILS, NO_DEVICE, NO_QEMU)
    return Kvm(outcome, said.strip()) if known else None
