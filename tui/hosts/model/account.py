"""A user account as the ssh server of its host treats it, and the host keys."""

from dataclasses import dataclass

from tui.core.quantity import whole
from tui.core.ssh_key import HostKey, is_blob


@dataclass(frozen=True)
class Account:
    """A user and the server's settings for it; `keys` are the host keys."""

    user: str
    known: bool = False
    home: str = ""
    uid: int = 0
    gid: int = 0
    folder: bool = False  # whether the folder of `authorized_keys` exists
    file: bool = False  # whether `authorized_keys` exists
    authorized_keys: str = ""
    root_login: str = "yes"  # PermitRootLogin
    public_keys: bool = True  # PubkeyAuthentication
    keys: tuple[HostKey, ...] = ()


# As root, because `sshd -T` reads the host keys. $1 the user.
SCRIPT = r"""
user=$1
entry=$(getent passwd "$user") && echo "entry $entry"
home=$(printf '%s' "$entry" | cut -d : -f 6)
settings=$(sshd -T -C "user=$user,host=localhost,addr=127.0.0.1" 2>/dev/null)
file=$(printf '%s\n' "$settings" | sed -n 's/^authorizedkeysfile \([^ ]*\).*/\1/p')
file=$(printf '%s' "${file:-.ssh/authorized_keys}" | sed "s|%h|$home|g; s|%u|$user|g")
case $file in /*) ;; *) file=$home/$file ;; esac
echo "authorized_keys $file"
[ ! -e "$file" ] || echo "file yes"
[ ! -d "${file%/*}" ] || echo "folder yes"
printf '%s\n' "$settings" | grep -E '^(permitrootlogin|pubkeyauthentication) '
printf '%s\n' "$settings" | sed -n 's/^hostkey //p' | while read -r key; do
  public=$(cat "$key.pub" 2>/dev/null || ssh-keygen -y -P "" -f "$key" 2>/dev/null </dev/null) && echo "key $public"
done
:
"""


def parse_account(user: str, text: str) -> Account:
    """Parse the output of SCRIPT."""
    lines = [line.partition(" ")[::2] for line in text.splitlines()]
    facts = dict(lines)
    entry = facts.get("entry", "").split(":")
    ids = [whole(text) for text in entry[2:4]] if len(entry) >= 7 else []
    uid, gid = (each or 0 for each in ids or (0, 0))
    known = bool(ids) and None not in ids
    keys = (value.split() for name, value in lines if name == "key")
    return Account(
        user,
        known,
        home=entry[5] if known else "",
        uid=uid if known else 0,
        gid=gid if known else 0,
        folder="folder" in facts,
        file="file" in facts,
        authorized_keys=facts.get("authorized_keys", ""),
        root_login=facts.get("permitrootlogin", "yes"),
        public_keys=facts.get("pubkeyauthentication", "yes") == "yes",
        keys=tuple(HostKey(words[0], words[1]) for words in keys if len(words) >= 2 and is_blob(words[1])),
    )
