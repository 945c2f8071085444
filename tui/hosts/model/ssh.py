"""A test login of root by ssh from one host to another: the outcome and the keys."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tui.core.quantity import whole
from tui.core.settings import SSH_PORT
from tui.core.ssh_key import HostKey, is_blob

WORKS, KEY_NOT_KNOWN, KEY_CHANGED, REFUSED = "works", "key not known", "key changed", "refused"
NO_NAME, NO_ANSWER, NO_SSH, OTHER = "no such name", "no answer", "no ssh", "other"

ENDED = {"0": WORKS, "124": NO_ANSWER, "137": NO_ANSWER}  # 124 and 137: ended by `timeout`
# ssh's messages; the order matters, because for a changed key ssh prints the second one, too.
OUTCOMES = (
    (r"REMOTE HOST IDENTIFICATION HAS CHANGED", KEY_CHANGED),
    (r"Host key verification failed|host key is known for", KEY_NOT_KNOWN),
    (r"Permission denied|Too many authentication failures", REFUSED),
    (r"Could not resolve hostname", NO_NAME),
    (r"Connection refused|timed out|No route to host|unreachable|Connection (closed|reset)", NO_ANSWER),
    (r"failed to run command|ssh: not found", NO_SSH),
)


@dataclass(frozen=True)
class Attempt:
    """The outcome of root's login without a prompt, and the facts that a fix needs."""

    outcome: str
    output: str = ""
    user: str = "root"  # on the other host
    host: str = ""  # from ssh's configuration
    port: int = SSH_PORT
    known_as: str = ""  # its name in known_hosts
    known_hosts: str = ""  # the file
    home: str = ""
    folder: bool = True  # whether ~/.ssh exists
    keys: tuple[HostKey, ...] = ()  # root's keys without a passphrase
    taken: tuple[str, ...] = ()  # names of existing key files
    shown: tuple[HostKey, ...] = ()  # host keys that the other host offers


# $1 host, $2 user, $3 port, $4 key file; "" for the default of ssh's configuration. It writes nothing: it adds no host
# key and keeps no connection. The facts for a fix are read only if the login failed.
ATTEMPT_SCRIPT = r"""
target=$1
set -- -o BatchMode=yes ${2:+-l "$2"} ${3:+-p "$3"} ${4:+-i "$4"}
set -- "$@" -o StrictHostKeyChecking=yes -o UpdateHostKeys=no -o ControlMaster=no -o ControlPath=none
set -- "$@" -o ConnectTimeout=8 -o ServerAliveInterval=5 -o ServerAliveCountMax=2 -o ConnectionAttempts=1
home=$(getent passwd "$(id -u)" | cut -d : -f 6)
echo "home $home"
[ ! -d "$home/.ssh" ] || echo "folder yes"
output=$(timeout -k 1 20 ssh -T -x -a -n "$@" -- "$target" true 2>&1)
status=$?
echo "status $status"
[ "$status" != 0 ] || exit 0
printf '%s\n' "$output" | sed 's/^/output /'
config=$(ssh -G "$@" -- "$target" 2>/dev/null)
printf '%s\n' "$config" | sed 's/^/config /'
printf '%s\n' "$config" | sed -n 's/^identityfile //p' | while read -r file; do
  case $file in "~/"*) file=$home/${file#??} ;; esac
  [ -e "$file" ] || continue
  echo "taken $file"
  public=$(ssh-keygen -y -P "" -f "$file" 2>/dev/null </dev/null) && echo "key $public $file"
done
host=$(printf '%s\n' "$config" | sed -n 's/^hostname //p')
port=$(printf '%s\n' "$config" | sed -n 's/^port //p')
timeout -k 1 20 ssh-keyscan -T 15 -p "$port" -t ed25519,ecdsa,rsa -- "$host" 2>/dev/null | sed 's/^/shown /'
:
"""


def parse_attempt(text: str) -> Attempt:
    """Parse the output of ATTEMPT_SCRIPT."""
    lines = [line.partition(" ") for line in text.splitlines()]
    output = "\n".join(value for name, _, value in lines if name == "output")
    facts = {name: value for name, _, value in lines}
    config = dict(reversed([value.partition(" ")[::2] for name, _, value in lines if name == "config"]))
    port = whole(config.get("port", "")) or SSH_PORT
    host = config.get("hostname", "")
    home = facts.get("home", "")
    files = config.get("userknownhostsfile", "").split() or ["~/.ssh/known_hosts"]
    return Attempt(
        _outcome(facts.get("status", ""), output),
        output,
        user=config.get("user", "root"),
        host=host,
        port=port,
        known_as=config.get("hostkeyalias") or (host if port == SSH_PORT else f"[{host}]:{port}"),
        known_hosts=re.sub(r"^~(?=/)", home, files[0]),
        home=home,
        folder="folder" in facts,
        keys=tuple(key for name, _, value in lines if name == "key" and (key := _key(value)) is not None),
        taken=tuple(value.rpartition("/")[2] for name, _, value in lines if name == "taken"),
        shown=_shown(value for name, _, value in lines if name == "shown"),
    )


def _outcome(status: str, output: str) -> str:
    if status in ENDED:
        return ENDED[status]
    return next((outcome for pattern, outcome in OUTCOMES if re.search(pattern, output)), OTHER)


def _key(text: str) -> HostKey | None:
    """From `kind blob [comment] file`; None if the blob is not one."""
    kind, _, more = text.partition(" ")
    blob, *rest = more.split(" ")
    return HostKey(kind, blob, rest[-1] if rest else "") if is_blob(blob) else None


def _shown(lines: Iterable[str]) -> tuple[HostKey, ...]:
    """The keys that ssh-keyscan printed, ssh's preferred kind first."""
    words = [line.split() for line in lines if not line.startswith("#")]
    keys = [HostKey(each[1], each[2]) for each in words if len(each) >= 3 and is_blob(each[2])]
    return tuple(sorted(keys, key=lambda key: (key.kind != "ssh-ed25519", key.kind.startswith("ssh-rsa"))))
