"""The guest's kernel and disk image, built from the distribution's packages and cached for all labs of this machine."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

from tui.lab import kernel
from tui.lab.cache import kept
from tui.lab.command import run
from tui.lab.cpio import Archive
from tui.lab.disk import write_disk
from tui.lab.packages import download, kernel_packages, unpack, with_dependencies

RECIPE = "2"  # increment it when the result changes but the inputs of cache_name() do not
HERE = Path(__file__).parent
DISK_MIB = 1024
# Installed without dependencies: the packages below bring them, or the guest does not need them.
ALONE = ("busybox-static", "openssh-sftp-server")
WITH_DEPENDENCIES = ("dropbear-bin", "gcc", "libc6-dev", "qemu-guest-agent")
# Parts of the compiler that C programs do not use, and documentation.
NEEDLESS_PACKAGES = (
    "adduser", "debconf", "passwd", "libdb", "libpam", "libaudit", "libcap-ng", "libsemanage", "libsepol",
    "libselinux", "libpcre3", "libasan", "liblsan", "libtsan", "libubsan", "libhwasan", "libitm", "libquadmath",
    "libcc1", "libgprofng", "libtirpc", "libnsl", "libgssapi", "libkrb5", "libk5crypto", "libcom-err", "libkeyutils",
    "libssl", "rpcsvc", "libcrypt-dev", "libc-dev-bin",
)  # fmt: skip
NEEDLESS_FILES = ("./usr/share/*", "*/lto1", "*/lto-wrapper", "*/gconv/*", "*/x86_64-linux-gnu/libc.a")

# The guest agent runs this program when libvirt requests a shutdown; busybox has none.
SHUTDOWN = """#!/bin/sh
case " $* " in *" -r "*) exec reboot ;; *) exec poweroff ;; esac
"""


def distribution() -> dict[str, str]:
    """The fields of /etc/os-release, such as ID and VERSION_ID."""
    lines = (line.partition("=") for line in Path("/etc/os-release").read_text().splitlines())
    return {key: value.strip('"') for key, _, value in lines if value}


def kernel_metapackage() -> str:
    """The package of the distribution's kernel for virtual machines."""
    return "linux-image-virtual" if distribution().get("ID") == "ubuntu" else "linux-image-cloud-amd64"


def cache_name() -> str:
    """The name of the image's folder in the cache; it changes with the recipe, the packages and the release."""
    release = distribution()
    made_of = (RECIPE, DISK_MIB, ALONE, WITH_DEPENDENCIES, NEEDLESS_PACKAGES, NEEDLESS_FILES, SHUTDOWN)
    key = hashlib.sha256(repr(made_of).encode())
    key.update(f"{release.get('ID')} {release.get('VERSION_ID')} {kernel.MODULES}".encode())
    for file in sorted(HERE.glob("guest-*")):
        key.update(file.read_bytes())
    return key.hexdigest()[:16]


def prepare(on_progress: Callable[[str], None]) -> Path:
    """Returns the folder with `vmlinuz`, `initrd` and `disk.qcow2` and builds it first if it does not exist."""
    return kept(cache_name(), "the guest's image", lambda work, result: _build(work, result, on_progress), on_progress)


def _build(work: Path, result: Path, on_progress: Callable[[str], None]) -> None:
    linux, root = _empty_system(work / "kernel"), _empty_system(work / "root")
    debs = work / "debs"
    debs.mkdir()
    names = [name for name in with_dependencies(WITH_DEPENDENCIES) if not name.startswith(NEEDLESS_PACKAGES)]
    names += [*ALONE, *kernel_packages(kernel_metapackage())]
    on_progress(f"guest: downloading {len(names)} packages (once)")
    for package in download(names, debs, on_progress):
        if package.name.startswith("linux-image") or package.name.startswith("linux-modules"):
            unpack(package, linux)
        else:
            unpack(package, root, leave_out=NEEDLESS_FILES)
    on_progress("guest: building its disk (once)")
    shutil.copy(kernel.image(linux), result / "vmlinuz")
    (result / "initrd").write_bytes(_initrd(linux, root))
    _add_files(root)
    write_disk(root, DISK_MIB, result / "disk.qcow2", journal_mib=4)


def _empty_system(root: Path) -> Path:
    """Creates a folder with the merged /usr that the packages expect."""
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    return root


def _initrd(linux: Path, root: Path) -> bytes:
    archive = Archive()
    for folder in ("proc", "sys", "dev", "disk", "lab"):
        archive.folder(folder)
    archive.add("bin/busybox", (root / "bin/busybox").read_bytes(), 0o755)
    archive.add("init", (HERE / "guest-boot").read_bytes(), 0o755)
    needed = kernel.modules(linux)
    for name, content in needed:
        archive.add(f"modules/{name}", content)
    archive.add("modules/order", "".join(f"{name}\n" for name, _ in needed).encode())
    return archive.data()


def _add_files(root: Path) -> None:
    """Writes the guest's files that are in no package."""
    for folder in ("dev", "proc", "sys", "run", "tmp", "root/.ssh", "etc/dropbear", "etc/acpi/PWRF", "var/log", "home"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "var/run").symlink_to("../run")  # the guest agent stores its state there
    for applet in run([str(root / "bin/busybox"), "--list"]).split():
        for path in (root / "bin" / applet, root / "sbin" / applet):
            if path.is_symlink() or path.exists():
                break
        else:
            (root / "bin" / applet).symlink_to("busybox")
    (root / "sbin/init").symlink_to("../bin/busybox")
    (root / "bin/cc").symlink_to("gcc")
    for name, mode in (("inittab", 0o644), ("start", 0o755), ("stop", 0o755), ("agent", 0o755), ("sshd", 0o755)):
        _write(root / "etc" / name, (HERE / f"guest-{name}").read_text(), mode)
    _write(root / "etc/acpi/PWRF/00000080", "#!/bin/sh\nexec poweroff\n", 0o755)
    (root / "sbin/shutdown").unlink(missing_ok=True)
    _write(root / "sbin/shutdown", SHUTDOWN, 0o755)
    _write(root / "etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
    _write(root / "etc/shadow", "root:*:19000:0:99999:7:::\n", 0o600)
    _write(root / "etc/group", "root:x:0:\ntty:x:5:\n")
    _write(root / "etc/shells", "/bin/sh\n")
    _write(root / "etc/hosts", "127.0.0.1 localhost\n")
    _write(root / "etc/profile", "export PS1='\\u@\\h:\\w\\$ '\n")
    (root / "root").chmod(0o700)
    (root / "root/.ssh").chmod(0o700)


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.write_text(text)
    path.chmod(mode)
