"""Files of root's on a host, read and replaced byte for byte: at once or not at all, and with what was there kept."""

import base64
import hashlib

from tui.core.failure import Failure
from tui.linux.sudo import Sudo

BACKUP = ".vmlm-backup"
ABSENT, CHANGED = 3, 75

READ = f"""
[ -e "$1" ] || [ -L "$1" ] || exit {ABSENT}
exec base64 -w0 -- "$1"
"""

# $1 the path, $2 the sha256 of what it must still be, empty where it must not exist; the new content comes by stdin.
REPLACE = f"""
set -eu
file=$(readlink -f -- "$1")
new=$file.vmlm-new
trap 'rm -f -- "$new"' EXIT
if [ -e "$file" ]; then
  [ "$(sha256sum < "$file")" = "$2  -" ] || exit {CHANGED}
  [ -e "$file{BACKUP}" ] || cp -p -- "$file" "$file{BACKUP}"
  cp -p -- "$file" "$new"
else
  [ -z "$2" ] || exit {CHANGED}
  umask 022
fi
cat > "$new"
sync -- "$new"
mv -f -- "$new" "$file"
"""

# As REPLACE, for a file that was ours alone.
REMOVE = f"""
set -eu
file=$(readlink -f -- "$1")
[ "$(sha256sum < "$file")" = "$2  -" ] || exit {CHANGED}
rm -- "$file"
"""


async def read(sudo: Sudo, host: str, path: str) -> str | None:
    """What the file holds, None where there is none; bytes that are no UTF-8 are surrogates, as in file names."""
    done = await sudo.run(host, ["sh", "-c", READ, "sh", path])
    if done.status == ABSENT:
        return None
    if done.status:
        raise Failure(f"{path} on {host} can't be read", done.stderr.strip(), detail=done.stderr)
    return base64.b64decode(done.stdout).decode(errors="surrogateescape")


async def replace(sudo: Sudo, host: str, path: str, before: str | None, after: str | None) -> None:
    """Write `after` (None: remove the file) if it still holds `before`; owner, mode and links stay as they are.

    The first version that was replaced is kept beside it with BACKUP at the end of its name, until `forget_backup`.
    """
    was = "" if before is None else hashlib.sha256(_bytes(before)).hexdigest()
    script = REPLACE if after is not None else REMOVE
    done = await sudo.run(host, ["sh", "-c", script, "sh", path, was], stdin=_bytes(after or ""))
    if done.status == CHANGED:
        raise Failure(
            f"{path} on {host} was not changed", "somebody else has changed it meanwhile", "Look at it again."
        )
    if done.status:
        raise Failure(f"{path} on {host} could not be written", done.stderr.strip(), detail=done.stderr)


async def forget_backup(sudo: Sudo, host: str, path: str) -> None:
    """Remove what `replace` has kept."""
    await sudo.run(host, ["sh", "-c", f'rm -f -- "$(readlink -f -- "$1"){BACKUP}"', "sh", path])


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
