"""The proof that the folder is shared: what QEMU writes and locks on the source, the others read and find locked."""

from dataclasses import dataclass

NAME = ".vmlm-proof-"
HELD_S = 20  # the lock, and the file, at most: it ends by itself when the app is gone
ROOT, USER = "root", "qemu"  # who could make the file

# A lock of the kind that QEMU takes on an image: on a range of bytes, of the open file (F_OFD_SETLK). In Perl
# (model.perl). The file, then a command that is run with the lock held; 75 where it is refused.
LOCK = r"""
open(F, "+<", shift) or die "$!\n";
my $lock = pack("ssx4qqlx4", 1, 0, 100, 200, 0);
fcntl(F, 37, $lock) or ($!{EAGAIN} || $!{EACCES} ? exit 75 : die "$!\n");
exit(system(@ARGV) >> 8);
"""

# Waits until the file $1 is gone, but not for ever: it must end when the app is gone.
WAIT = f"""
echo locked
n=0
while [ -e "$1" ] && [ $n -lt {HELD_S * 5} ]; do sleep 0.2; n=$((n + 1)); done
"""

# On the source. $1 the file, $2 QEMU's user, $3 the nonce, $4 LOCK, $5 WAIT. It makes the file as
# libvirt does, as root who then gives it to QEMU's user, or as that user where root may not.
HOLD = f"""
file=$1 user=$2
as() {{ runuser -u "$user" -- "$@"; }}
trap 'rm -f -- "$file" 2> /dev/null || as rm -f -- "$file"' EXIT
trap 'exit 1' HUP INT TERM PIPE
if (set -C; umask 077; : > "$file") && chown -- "$user" "$file"; then
  echo 'way {ROOT}'
else
  rm -f -- "$file" 2> /dev/null
  as sh -c 'set -C; umask 077; : > "$1"' sh "$file" || {{ echo 'failed make'; exit 0; }}
  echo 'way {USER}'
fi
printf %s "$3" | as dd of="$file" conv=notrunc,fsync status=none || {{ echo 'failed write'; exit 0; }}
as perl -e "$4" "$file" sh -c "$5" sh "$file" || echo 'failed lock'
"""

# On the destination. $1 the file, $2 QEMU's user, $3 LOCK.
TRY = """
echo "nonce $(runuser -u "$2" -- cat -- "$1")"
runuser -u "$2" -- perl -e "$3" "$1" true
echo "lock $?"
"""

# On the server. $1 the file.
SEE = 'echo "nonce $(cat -- "$1")"'

# $1 QEMU's user, then files. Says what is still there.
REMOVE = """
user=$1
shift
for file; do
  rm -f -- "$file" 2> /dev/null || runuser -u "$user" -- rm -f -- "$file"
  if [ -e "$file" ]; then printf 'left %s\\n' "$file"; fi
done
"""


@dataclass(frozen=True)
class Proof:
    """How far it came; an empty error is that it went well, and what was not reached is None."""

    way: str = ""  # ROOT or USER
    write_error: str | None = None
    read_error: str | None = None  # by the destination
    seen_error: str | None = None  # by the server
    lock_error: str | None = None  # on the source
    refused: bool | None = None  # the same lock, on the destination
    refused_said: str = ""
    left: tuple[str, ...] = ()  # hosts and files that could not be removed
    why_not: str = ""  # it was not tried, because
