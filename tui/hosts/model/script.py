"""The scripts of the first round: one as the login, one as root; they change nothing."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from tui.core.failure import Failure
from tui.hosts.model import names as host_names
from tui.hosts.model import software
from tui.hosts.model.host import SYSTEM_SCRIPT, System, parse_system
from tui.hosts.model.names import Names, parse_names
from tui.hosts.model.software import Software, parse_software
from tui.linux.qemu_conf import QemuConf, parse_qemu_conf
from tui.linux.script_sections import PRELUDE, output, parse_sections

# $1 is the folder of the images, then names to resolve. `id -u` for a login without a name, as in containers.
LOGIN_SCRIPT = f"""{PRELUDE}
folder=$1
shift
part system 20 sh -c {shlex.quote(SYSTEM_SCRIPT)} sh "$folder"
part login 5 sh -c 'id -un 2> /dev/null || id -u'
part names 10 sh -c {shlex.quote(host_names.SCRIPT)} sh "$@"
"""
QEMU_CONF = "part qemu_conf 5 sh -c '[ ! -e /etc/libvirt/qemu.conf ] || cat /etc/libvirt/qemu.conf'"
STORAGE_SCRIPT = f"{PRELUDE}\n{QEMU_CONF}\n"
HYPERVISOR_SCRIPT = f"{software.SCRIPT}\n{QEMU_CONF}\n"  # $@ are the logins that use libvirt


@dataclass(frozen=True)
class LoginRead:
    """What the app's login can read."""

    system: System
    login: str
    names: Names


def parse_login(host: str, text: str) -> LoginRead:
    """Parse the output of LOGIN_SCRIPT; Failure if one of its commands failed."""
    sections, what = parse_sections(text), f"{host} could not be read"
    return LoginRead(
        parse_system(output(sections, "system", what)),
        output(sections, "login", what).strip(),
        parse_names(output(sections, "names", what)),
    )


def parse_root(host: str, text: str, logins: Sequence[str] | None) -> tuple[QemuConf, Software | Failure | None]:
    """Parse HYPERVISOR_SCRIPT, or STORAGE_SCRIPT if `logins` is None; no qemu.conf means default settings."""
    conf = parse_qemu_conf(output(parse_sections(text), "qemu_conf", f"qemu.conf of {host} could not be read"))
    try:
        return conf, None if logins is None else parse_software(logins, text)
    except Failure as failure:
        return conf, failure
