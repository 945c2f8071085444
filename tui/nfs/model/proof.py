"""The proof that the folder is shared: a file that QEMU writes and locks on the source, read by the other hosts."""

from dataclasses import dataclass

NAME = ".vmlm-proof-"
HELD_S = 20  # the longest the lock is held and the file is kept, in case the app ends
ROOT, USER = "root", "qemu"  # who created the file
NO_REPLY, NO_OUTPUT = "no reply within seconds", "the command failed and printed nothing"

# A Perl program that takes a lock as QEMU does on an image: on a range of bytes, of the open file (F_OFD_SETLK).
# Its arguments are the file and a command to run with the lock held; its status is 75 if the lock is refused.
LOCK = r"""
open(F, "+<", shift) or die "$!\n";
my $lock = pack("ssx4qqlx4", 1, 0, 100, 200, 0);
fcntl(F, 37, $lock) or ($!{EAGAIN} || $!{EACCES} ? exit 75 : die "$!\n");
exit(system(@ARGV) >> 8);
"""

# Waits until the file $1 is removed; the time limit ends it if the app is gone.
WAIT = f"""
echo locked
n=0
while [ -e "$1" ] && [ $n -lt {HELD_S * 5} ]; do sleep 0.2; n=$((n + 1)); done
"""

# On the source. $1 the file, $2 QEMU's user, $3 the nonce, $4 LOCK, $5 WAIT. As libvirt does, root creates the file
# and changes its owner to QEMU's user; where root may not, QEMU's user creates it.
HOLD = f"""
file=$1 user=$2
as() {{ runuser -u "$user" -- "$@"; }}
trap 'rm -f -- "$file" 2> /dev/null || as rm -f -- "$file"' EXIT
trap 'exit 1' HUP INT TERM PIPE
if (set -C; umask 077; : > "$file") && chown -- "$user" "$file"; then
  echo 'creator {ROOT}'
else
  rm -f -- "$file" 2> /dev/null
  as sh -c 'set -C; umask 077; : > "$1"' sh "$file" || {{ echo 'failed make'; exit 0; }}
  echo 'creator {USER}'
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

# $1 QEMU's user, then files. Prints the files that it could not remove.
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
    """The results of the parts of the proof: an error is empty on success, and None if the part was not reached."""

    creator: str = ""  # ROOT or USER
    owner_error: str = ""  # why root could not create the file or change its owner; QEMU's user created it then
    write_error: str | None = None
    read_error: str | None = None  # on the destination
    seen_error: str | None = None  # on the storage server
    lock_error: str | None = None  # on the source
    refused: bool | None = None  # whether the destination was refused the same lock
    refusal_error: str = ""  # stderr of that attempt
    left: tuple[str, ...] = ()  # files that could not be removed, with their host
    why_not: str = ""  # why the test was not run
