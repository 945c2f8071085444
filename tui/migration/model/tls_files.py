"""The certificates with which QEMU encrypts a migration on one host: the script that reads them, and its parser."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field

from tui.core.quantity import whole
from tui.linux.qemu_conf import QemuConf, parse_qemu_conf

SERVER, CLIENT = "server", "client"  # the ends of a connection: the target listens
OWN_FOLDER = "/etc/pki/libvirt-migrate"  # libvirt prefers it to the default, if it exists
CONF, LOOK, TRUST = "conf", "look", "trust"  # what the script can do

# $1 is what to do, the rest depends on it. It prints certificates, which are public, and never a key.
# OpenSSL's clock is not used: the other host's clock counts, too.
SCRIPT = r"""
conf() {
  file=${1:-/etc/libvirt/qemu.conf}
  [ -x "${file%/*}" ] || exit 1
  [ ! -e /etc/pki/libvirt-migrate ] || echo "#own"
  [ ! -e "$file" ] || cat "$file"
}
as_qemu() { setpriv --reuid="$uid" --regid="$gid" "$groups" --inh-caps=-all --bounding-set=-all -- "$@"; }
state() {
  if [ -e "$1" ]; then
    if [ -z "$as_root" ]; then echo there
    elif as_qemu test -r "$1"; then echo ok; else echo unreadable; fi
  else
    above=$1
    while [ ! -e "$above" ] && [ "$above" != / ]; do above=$(dirname "$above"); done
    if [ -x "$above" ]; then echo missing; else echo unknown; fi
  fi
}
moment() { line=$(openssl x509 -noout "$1" -in "$2" 2>/dev/null) && date -d "${line#*=}" +%s; }
dates() { start=$(moment -startdate "$2") && end=$(moment -enddate "$2") && echo "dates $1 $start $end"; }
verify() {
  openssl verify -no_check_time -partial_chain -no-CApath -CAfile "$1" -untrusted "$2" "$2" 2>&1 | {
    answer=
    while read -r word number _; do
      case $word in error) answer=${answer:-$number} ;; esac
      case "$number" in OK) answer=ok ;; esac
    done
    echo "$answer"
  }
}
guarded() {
  [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ] || return 1
  case $1/ in /etc/pki/qemu/* | /etc/pki/libvirt/* | /etc/pki/libvirt-spice/* | /etc/pki/libvirt-vnc/*) return 1 ;; esac
  ! grep -rqsF "$1" /etc/apparmor.d/abstractions/libvirt-qemu /etc/apparmor.d/abstractions/libvirt-qemu.d \
    /etc/apparmor.d/local /etc/apparmor.d/libvirt/TEMPLATE.qemu
}
look() {
  folder=$1 end=$2 uid=$3 gid=$4 check=$5 name=$6 as_root= groups=--clear-groups
  [ -z "$(getent passwd "$uid")" ] || groups=--init-groups
  [ "$(id -u)" != 0 ] || [ -z "$uid" ] || ! as_qemu true 2>/dev/null || as_root=yes
  ca=$folder/ca-cert.pem cert=$folder/$end-cert.pem key=$folder/$end-key.pem
  echo "now $(date +%s)"
  for path in "$ca" "$cert" "$key"; do echo "file $(state "$path") ${path##*/}"; done
  ! guarded "$folder" || echo "apparmor"
  command -v openssl >/dev/null || { echo "lacks openssl"; exit 0; }
  [ "$(grep -c -e '-BEGIN [A-Z0-9]* *CERTIFICATE-' "$ca" 2>/dev/null)" != 1 ] || dates ca-cert.pem "$ca"
  [ -r "$cert" ] || exit 0
  dates "${cert##*/}" "$cert"
  openssl x509 -noout -ext subjectAltName -in "$cert" 2>/dev/null | sed -n 's/^ *\(DNS:\|IP Address:\)/names \1/p'
  openssl x509 -noout -subject -nameopt multiline -in "$cert" 2>/dev/null | sed -n 's/^ *commonName *= */cn /p'
  [ -z "$name" ] || case $(openssl x509 -noout "$check" "$name" -in "$cert" 2>/dev/null) in
    *"does match"*) echo "named yes" ;;
    *"does NOT match"*) echo "named no" ;;
  esac
  [ ! -r "$ca" ] || echo "signed $(verify "$ca" "$cert")"
  public=$(openssl x509 -noout -pubkey -in "$cert" 2>/dev/null) || exit 0
  private=$(openssl pkey -pubout -passin pass: -in "$key" 2>/dev/null) || private=
  if [ "$public" = "$private" ]; then echo "pair yes"; elif [ -n "$private" ]; then echo "pair no"; fi
  sed -n '/-BEGIN [A-Z0-9 ]*CERTIFICATE-/,/-END [A-Z0-9 ]*CERTIFICATE-/p' "$cert" | sed 's/^/pem /'
}
trust() {
  file=$(mktemp) || exit 1
  trap 'rm -f -- "$file"' EXIT
  cat > "$file"
  command -v openssl >/dev/null && [ -r "$1/ca-cert.pem" ] && echo "signed $(verify "$1/ca-cert.pem" "$file")"
}
action=$1; shift; "$action" "$@"
"""

OK, THERE, UNREADABLE, MISSING, UNKNOWN = "ok", "there", "unreadable", "missing", "unknown"
# OpenSSL's numbers: no issuer found, a signature that does not verify, signed by itself, an issuer that is no CA.
UNTRUSTED = frozenset({"2", "7", "18", "19", "20", "21", "24"})


@dataclass(frozen=True)
class Place:
    """Where a host has its certificates, what else its qemu.conf says, and QEMU's user there."""

    conf: QemuConf
    folder: str
    user: tuple[int, int] | None = None

    def look(self, end: str, name: str) -> list[str]:
        """The arguments of the script that reads them; `name` is what the other host connects to, "" for none."""
        uid, gid = ("", "") if self.user is None else map(str, self.user)
        return [LOOK, self.folder, end, uid, gid, "-checkip" if is_address(name) else "-checkhost", name]


@dataclass(frozen=True)
class TlsFiles:
    """What was read of one end on `host`; None and missing entries are unknown.

    `states` and `dates` (from, to) are by file name, in seconds since 1970 as `now` is. `named`: the certificate has
    the name to which the other host connects. `signed`: its CA file verifies it. `pair`: its key belongs to it.
    """

    host: str
    end: str
    folder: str
    user: tuple[int, int] | None = None
    states: Mapping[str, str] = field(default_factory=dict)
    now: int | None = None
    dates: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    named: bool | None = None
    signed: bool | None = None
    pair: bool | None = None
    openssl: bool = True
    guarded: bool = False  # AppArmor's profile of VMs does not name the folder
    pem: str = ""
    unread: str = ""  # why nothing was read

    @property
    def certificate(self) -> str:
        """The name of its file."""
        return f"{self.end}-cert.pem"

    @property
    def key(self) -> str:
        """The name of the file of the private key."""
        return f"{self.end}-key.pem"

    def state(self, file: str) -> str:
        """Whether a file is there and QEMU can read it."""
        return self.states.get(file, UNKNOWN)

    def path(self, file: str) -> str:
        """A file by its whole path."""
        return f"{self.folder.rstrip('/')}/{file}"


def is_address(name: str) -> bool:
    """Whether a name is an IP address, which a certificate has in another field."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def place_of(output: str, user: tuple[int, int] | None) -> Place:
    """Where libvirt has QEMU look, from the output of CONF."""
    conf = parse_qemu_conf(output)
    own = OWN_FOLDER if output.startswith("#own\n") else conf.default_tls_folder
    return Place(conf, conf.tls_folder or own, user)


def parse_signed(output: str) -> bool | None:
    """The last result of a verification in an output; None if it is unknown."""
    words = [line.partition(" ")[2] for line in output.splitlines() if line.startswith("signed ")]
    word = words[-1].strip() if words else ""
    return True if word == "ok" else False if word in UNTRUSTED else None


def parse_files(output: str, host: str, end: str, place: Place) -> TlsFiles:
    """The output of LOOK; a line that is damaged is skipped."""
    states, dates, names, found, pem = {}, {}, [], {}, []
    for line in output.splitlines():
        key, _, rest = line.partition(" ")
        words = rest.split()
        if key == "file" and len(words) == 2:
            states[words[1]] = words[0]
        elif key == "dates" and len(words) == 3 and None not in (moments := tuple(map(whole, words[1:]))):
            dates[words[0]] = moments
        elif key == "names":
            names += [each.partition(":")[2].strip() for each in rest.split(", ") if _is_name(each)]
        elif key == "pem":
            pem.append(f"{rest}\n")
        else:
            found[key] = rest
    yes = {"yes": True, "no": False}
    return TlsFiles(
        host,
        end,
        place.folder,
        place.user,
        states,
        whole(found.get("now", "")),
        dates,  # type: ignore[arg-type]
        tuple(names) or tuple(filter(None, [found.get("cn", "")])),
        yes.get(found.get("named", "")),
        parse_signed(output),
        yes.get(found.get("pair", "")),
        "lacks" not in found,
        "apparmor" in found,
        "".join(pem),
    )


def _is_name(text: str) -> bool:
    return text.strip().startswith(("DNS:", "IP Address:"))
