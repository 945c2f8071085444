"""Reads and atomically replaces files on a host as root, with a backup."""

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

# $1 the path, $2 the sha256 of the expected content, empty if the file must not exist; stdin is the new content.
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

# As REPLACE; removes a file that the app created.
REMOVE = f"""
set -eu
file=$(readlink -f -- "$1")
[ "$(sha256sum < "$file")" = "$2  -" ] || exit {CHANGED}
rm -- "$file"
"""


async def read(sudo: Sudo, host: str, path: str) -> str | None:
    """The content of the file, None if it does not exist; bytes that are not UTF-8 become surrogates."""
    done = await sudo.run(host, ["sh", "-c", READ, "sh", path])
    if done.status == ABSENT:
        return None
    return base64.b64decode(done.output(f"{path} on {host} can't be read")).decode(errors="surrogateescape")


async def replace(sudo: Sudo, host: str, path: str, before: str | None, after: str | None) -> None:
    """Writes `after`, or removes the file if that is None, provided that its content is `before`.

    Owner, mode and links stay. The first version that was replaced is kept as PATH and BACKUP until `remove_backup`.
    """
    was = "" if before is None else hashlib.sha256(_bytes(before)).hexdigest()
    script = REPLACE if after is not None else REMOVE
    done = await sudo.run(host, ["sh", "-c", script, "sh", path, was], stdin=_bytes(after or ""))
    if done.status == CHANGED:
        raise Failure(f"{path} on {host} was not changed", "its content has changed meanwhile", "Try again.")
    done.output(f"{path} on {host} could not be written")


async def remove_backup(sudo: Sudo, host: str, path: str) -> None:
    """Removes the version that `replace` kept."""
    await sudo.run(host, ["sh", "-c", f'rm -f -- "$(readlink -f -- "$1"){BACKUP}"', "sh", path])


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
