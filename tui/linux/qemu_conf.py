"""/etc/libvirt/qemu.conf: the user of QEMU, the folders declared as shared, and the settings for migrations."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from tui.core.quantity import whole

STRING = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'")
MIGRATION_PORTS = (49152, 49215)  # the first and the last, by default
DEFAULT_TLS_FOLDER = "/etc/pki/qemu"
SHARED_SINCE = (10, 8, 0)  # the first libvirt with shared_filesystems


@dataclass(frozen=True)
class QemuConf:
    """The settings that the app uses; `user` is empty if it is not set."""

    user: str = ""
    dynamic_ownership: bool = True  # libvirt changes an image's owner to QEMU's user while a VM runs
    shared_filesystems: tuple[str, ...] = ()
    migration_host: str = ""  # the name of this host for incoming migrations; empty: its host name
    migration_ports: tuple[int, int] = MIGRATION_PORTS
    tls_folder: str = ""  # of the certificates for migrations, if it is set
    default_tls_folder: str = DEFAULT_TLS_FOLDER
    tls_verifies: bool = True  # the target requires a certificate of the host from which a VM comes

    def declares(self, path: str) -> str:
        """The declared folder that is or contains `path`; empty if there is none."""
        pure = PurePosixPath(path)
        above = [str(pure), *map(str, pure.parents)]
        return next((each for each in self.shared_filesystems if str(PurePosixPath(each)) in above), "")


def parse_qemu_conf(text: str) -> QemuConf:
    """The settings as libvirt reads them: a list may span lines, and outside strings `#` begins a comment."""
    first, last = MIGRATION_PORTS
    bare = "\n".join(_without_comment(line) for line in text.splitlines())
    return QemuConf(
        user="".join(_strings(_value(bare, "user"))).lstrip("+"),
        dynamic_ownership=_value(bare, "dynamic_ownership").strip() != "0",
        shared_filesystems=_strings(_value(bare, "shared_filesystems")),
        migration_host="".join(_strings(_value(bare, "migration_host"))),
        migration_ports=(_number(bare, "migration_port_min", first), _number(bare, "migration_port_max", last)),
        tls_folder="".join(_strings(_value(bare, "migrate_tls_x509_cert_dir"))),
        default_tls_folder="".join(_strings(_value(bare, "default_tls_x509_cert_dir"))) or DEFAULT_TLS_FOLDER,
        tls_verifies=_number(bare, "migrate_tls_x509_verify", _number(bare, "default_tls_x509_verify", 1)) != 0,
    )


def _without_comment(line: str) -> str:
    quote = ""
    for at, each in enumerate(line):
        if quote:
            quote = "" if each == quote else quote
        elif each in "\"'":
            quote = each
        elif each == "#":
            return line[:at]
    return line


def _value(text: str, key: str) -> str:
    found = re.search(rf"^[ \t]*{key}[ \t]*=[ \t]*(\[[^\]]*\]|.*)$", text, re.MULTILINE)
    return found[1] if found else ""


def _number(text: str, key: str, default: int) -> int:
    number = whole(_value(text, key).strip())
    return default if number is None else number


def _strings(value: str) -> tuple[str, ...]:
    return tuple(first or second for first, second in STRING.findall(value))
