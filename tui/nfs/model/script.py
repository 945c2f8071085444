"""The read-only script that each host runs to report its facts about the shared folder, and its parser."""

import base64
import contextlib
import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from tui.core.quantity import whole
from tui.linux import firewall
from tui.linux import folder as folders
from tui.linux.addresses import Resolved, parse_ahosts, parse_hosts
from tui.linux.exports import parse_exports, parse_netgroups
from tui.linux.folder import parse_folder
from tui.linux.mounts import parse_mountinfo
from tui.linux.packages import CLIENT, SERVER, Package, parse_simulation
from tui.linux.qemu_conf import parse_qemu_conf
from tui.linux.script_sections import PRELUDE, Section, file_text, parse_sections
from tui.linux.units import PROPERTIES, parse_units
from tui.nfs.model.facts import OPEN, REFUSED, SILENT, UNTRIED, ClientRead, QemuUser, ServerRead, Shared

UNITS = ("nfs-server.service", "nfs-kernel-server.service", "nfs-config.service", "rpcbind.service")
# Files that the packages' postrm scripts remove on a purge, even if the package did not create them.
PURGED = (
    "/etc/exports", "/etc/default/nfs-kernel-server", "/etc/default/nfs-common", "/etc/nfs.conf", "/etc/idmapd.conf",
    "/etc/nfs.conf.d/local.conf",
)  # fmt: skip
USERS = ("_rpc", "statd")  # created by the packages, and not removed with them
QEMU_USERS = ("libvirt-qemu", "qemu")  # on Debian and Ubuntu; on Fedora and its derivatives

# $1 the exported folder, $2 the image folder, $3 the role and $4 the address of the storage server, $5 the package;
# then for each client ROLE=ADDRESS, where no character is special to the shell.
COMMON = f"""{PRELUDE}
export_folder=$1 images=$2 server=$3 storage=$4 package=$5
shift 5
clients=$*
manager=
for each in apt-get dnf yum zypper pacman apk; do
  if has "$each"; then manager=$each; break; fi
done
part manager 5 echo "$manager"
if [ "$manager" = apt-get ]; then
  part package 10 dpkg-query -W -f '${{db:Status-Status}}' "$package"
  if [ "$(dpkg-query -W -f '${{db:Status-Status}}' "$package" 2> /dev/null)" != installed ]; then
    # Empty cache paths, because apt would otherwise write its caches.
    part simulation 90 apt-get -s -q --no-install-recommends -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \\
      install "$package"
    part residual 10 dpkg-query -W -f '${{db:Status-Status}} ${{Package}}\\n'
    part age 5 sh -c 'echo $(($(date +%s) - $(stat -c %Y /var/lib/apt/lists/partial)))'
  fi
elif [ "$package" = {SERVER} ]; then
  part tool 5 sh -c 'command -v exportfs'
else
  part tool 5 sh -c 'command -v mount.nfs'
fi
part configuration 5 sh -c 'for each; do [ ! -e "$each" ] || echo "$each"; done' sh {" ".join(PURGED)}
part users 5 getent passwd {" ".join(USERS)}
part fstab 5 cat /etc/fstab
part idmap 5 nfsidmap -d
if has systemd-escape; then
  part folder_units 10 sh -c 'path=$(readlink -m -- "$1")
    systemctl show -p {PROPERTIES} "$(systemd-escape -p --suffix=mount "$path")" \
      "$(systemd-escape -p --suffix=automount "$path")"' sh "$export_folder"
fi
part systemd 5 test -d /run/systemd/system
part "address.$server" 5 getent ahosts "$storage"
for client in $clients; do part "address.${{client%%=*}}" 5 getent ahosts "${{client#*=}}"; done
route='address=$(getent ahosts "$1" | head -n 1 | cut -d " " -f 1) && ip -o route get "$address"'
folder={shlex.quote(folders.SCRIPT)}
part folder 5 sh -c "$folder" sh "$export_folder"
# After the folder, because reading it mounts one that is mounted at first use.
part mounts 5 cat /proc/self/mountinfo
"""

SERVER_SCRIPT = f"""{COMMON}
part images 5 sh -c "$folder" sh "$images"
# An export may name a client by another of its names.
names='getent hosts "$(getent ahosts "$1" | head -n 1 | cut -d " " -f 1)"'
for client in $clients; do part "others.${{client%%=*}}" 5 sh -c "$names" sh "${{client#*=}}"; done
part exports 5 sh -c '
for each in /etc/exports /etc/exports.d/*.exports; do
  [ ! -f "$each" ] || printf "%s %s\\n" "$(base64 -w0 < "$each")" "$each"
done'
part netgroups 10 sh -c '
grep -hoE "@[A-Za-z0-9_.-]+" /etc/exports /etc/exports.d/*.exports 2> /dev/null | sort -u | while read -r each; do
  echo "$each $(getent netgroup "${{each#@}}" | tr "\\n" " ")"
done'
part active 5 cat /var/lib/nfs/etab
part threads 5 cat /proc/fs/nfsd/threads
if has systemctl; then part units 10 systemctl show -p {PROPERTIES} {" ".join(UNITS)}; fi
{firewall.PARTS}
for client in $clients; do part "device.${{client%%=*}}" 5 sh -c "$route" sh "${{client#*=}}"; done
# Only if the module is loaded, because nft would load it.
if has nft && grep -q '^nf_tables ' /proc/modules; then part nft 5 nft list ruleset; fi
part wrapped 5 sh -c '
for each; do
  if ldd "$(command -v "$each")" 2> /dev/null | grep -q libwrap; then echo "$each"; fi
done' sh rpcbind rpc.mountd
part hosts_allow 5 cat /etc/hosts.allow
part hosts_deny 5 cat /etc/hosts.deny
"""

CLIENT_SCRIPT = f"""{COMMON}
part port 4 bash -c 'exec 3<> "/dev/tcp/$0/2049"' "$storage"
part route 5 sh -c "$route" sh "$storage"
part qemu_conf 5 cat /etc/libvirt/qemu.conf
user=$(sed -n 's/^[[:space:]]*user[[:space:]]*=[[:space:]]*"+*\\([^"]*\\)".*/\\1/p' /etc/libvirt/qemu.conf 2> /dev/null)
part qemu_users 5 getent passwd ${{user:+"$user"}} {" ".join(QEMU_USERS)}
part autostart 5 sh -c 'grep -lsF -- "$1/" /etc/libvirt/qemu/autostart/*.xml || :' sh "$export_folder"
# A module is in the first file once it is loaded. The kernel of a container loads those of the machine.
part nfs_client 5 sh -c 'grep -Eq "[[:space:]]nfs4?$" /proc/filesystems || modprobe -n -q nfs ||
  grep -qs "/nfs[.]ko" "/lib/modules/$(uname -r)/modules.dep" || echo none'
part libvirt 5 sh -c 'libvirtd --version 2> /dev/null || virtqemud --version'
"""


def arguments(shared: Shared, role: str) -> tuple[str, ...]:
    """The arguments of the script on a host."""
    package = SERVER if role == shared.server else CLIENT
    clients = (f"{each}={shared.addresses[each]}" for each in shared.clients)
    return shared.export, shared.images, shared.server, shared.storage, package, *clients


def parse_server(text: str, shared: Shared) -> ServerRead:
    """What SERVER_SCRIPT printed."""
    sections = parse_sections(text)
    return ServerRead(
        **_common(sections, shared, shared.server),
        images=parse_folder(shared.images, sections.get("images")),
        exports=_files(_text(sections, "exports")),
        netgroups=parse_netgroups(_text(sections, "netgroups")),
        active=parse_exports(_text(sections, "active"), "/var/lib/nfs/etab"),
        units=parse_units(_text(sections, "units")),
        threads=whole(_text(sections, "threads").strip()) or 0,
        firewall=firewall.parse_firewall(text),
        drops=_drops(_text(sections, "nft")),
        wrapped=tuple(_text(sections, "wrapped").split()),
        hosts_allow=_text(sections, "hosts_allow"),
        hosts_deny=_text(sections, "hosts_deny"),
    )


def parse_client(text: str, shared: Shared, role: str) -> ClientRead:
    """What CLIENT_SCRIPT printed on a client."""
    sections = parse_sections(text)
    qemu_conf = parse_qemu_conf(_text(sections, "qemu_conf"))
    source = re.search(r" src (\S+)", _text(sections, "route"))
    version = re.search(r"([0-9]{1,9}(?:\.[0-9]{1,9})+)\s*$", _text(sections, "libvirt"))
    return ClientRead(
        **_common(sections, shared, role),
        port=_port(sections.get("port")),
        port_output=_printed(sections, "port").strip(),
        own_address=source[1] if source else "",
        qemu=_qemu_user(qemu_conf.user, _printed(sections, "qemu_users")),
        qemu_conf=qemu_conf,
        libvirt_version=tuple(map(int, version[1].split("."))) if version else (),
        mountable=_text(sections, "nfs_client").strip() != "none",
        autostarted=tuple(PurePosixPath(line).stem for line in _text(sections, "autostart").splitlines()),
    )


def _common(sections: Mapping[str, Section], shared: Shared, role: str) -> dict[str, Any]:
    return {
        "role": role,
        "package": _package(sections, SERVER if role == shared.server else CLIENT),
        "folder": parse_folder(shared.export, sections.get("folder")),
        "mounts": parse_mountinfo(_text(sections, "mounts")),
        "fstab": file_text(sections.get("fstab")),
        "systemd": "systemd" in sections and sections["systemd"].status == 0,
        "names": {role: _resolved(sections, role, address) for role, address in shared.addresses.items()},
        "configuration": tuple(_text(sections, "configuration").splitlines()),
        "users": frozenset(line.partition(":")[0] for line in _printed(sections, "users").splitlines()),
        "idmap_domain": _text(sections, "idmap").strip(),
        "folder_units": parse_units(_text(sections, "folder_units")),
        "lists_age_s": whole(_text(sections, "age").strip()) or 0,
    }


def _text(sections: Mapping[str, Section], name: str) -> str:
    """What a command printed; empty if it failed."""
    return file_text(sections.get(name)) or ""


def _printed(sections: Mapping[str, Section], name: str) -> str:
    """What a command printed, even if it failed: getent fails if one of several users is missing."""
    return sections[name].text if name in sections else ""


def _package(sections: Mapping[str, Section], name: str) -> Package:
    manager = _text(sections, "manager").strip()
    if manager != "apt-get":
        return Package(name, manager, installed="tool" in sections and sections["tool"].status == 0)
    installed = _text(sections, "package").strip() == "installed"
    package = Package(name, "apt", installed)
    if installed or "simulation" not in sections:
        return package
    return parse_simulation(package, sections["simulation"].text, _text(sections, "residual"))


def _resolved(sections: Mapping[str, Section], role: str, name: str) -> Resolved:
    found = parse_ahosts(name, _text(sections, f"address.{role}"))
    return replace(found, other_names=parse_hosts(_text(sections, f"others.{role}")))


def _files(text: str) -> dict[str, str]:
    files = {}
    for content, _, path in (line.partition(" ") for line in text.splitlines()):
        with contextlib.suppress(ValueError):  # the script prints base64 only
            files[path] = base64.b64decode(content, validate=True).decode(errors="surrogateescape")
    return files


def _drops(ruleset: str) -> bool:
    chains = re.findall(r"hook input [^}]*", ruleset)
    return any("policy drop" in chain or re.search(r"\b(drop|reject)\b", chain) for chain in chains)


def _port(part: Section | None) -> str:
    if part is None or part.status == 127:
        return UNTRIED
    if part.status == 0:
        return OPEN
    return REFUSED if "refused" in part.text else SILENT


def _qemu_user(wanted: str, passwd: str) -> QemuUser | None:
    rows = [line.split(":") for line in passwd.splitlines() if line.count(":") >= 6]
    known = [QemuUser(row[0], uid) for row in rows if (uid := whole(row[2])) is not None]
    if wanted:
        return next((user for user in known if wanted in (user.name, str(user.uid))), None)
    return next((user for name in QEMU_USERS for user in known if user.name == name), None)
