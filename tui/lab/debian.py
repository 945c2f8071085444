"""The disk image of machines in QEMU: Debian 12 with ssh, sudo and ufw, with the NFS packages available."""

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tui.core.failure import Failure
from tui.lab.cache import kept
from tui.lab.command import require, run
from tui.lab.disk import write_disk
from tui.lab.place import CACHE
from tui.lab.userland import KEYRING, cause

RECIPE = "2"  # increase it if the build changes, but none of the values in `recipe`
FURNISH = Path(__file__).with_name("debian-furnish")
RELEASE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
PACKAGES = (
    "systemd-sysv", "udev", "linux-image-cloud-amd64", "openssh-server", "sudo", "ufw", "iproute2", "procps", "netbase",
    "locales", "util-linux-locales",
)  # fmt: skip
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*")
DISK_MIB = 4096
BUILD_LIMIT_S = 1800.0


@dataclass(frozen=True)
class Image:
    """The files of a built image, all in one folder."""

    folder: Path

    @property
    def disk(self) -> Path:
        """The root disk."""
        return self.folder / "disk.qcow2"

    @property
    def kernel(self) -> Path:
        """The kernel."""
        return self.folder / "vmlinuz"

    @property
    def initrd(self) -> Path:
        """The initial RAM disk."""
        return self.folder / "initrd"

    @property
    def key(self) -> Path:
        """The private key that logs in as root and as every user of the image."""
        return self.folder / "id_ed25519"

    @property
    def host_key(self) -> Path:
        """The public host key of all machines."""
        return self.folder / "host.pub"


def prepare(on_progress: Callable[[str], None]) -> Image:
    """The image; builds it if it is not in the cache."""
    recipe = repr((RECIPE, RELEASE, PACKAGES, LEFT_OUT, DISK_MIB, FURNISH.read_text()))
    name = f"debian-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"
    return Image(
        kept(name, "the image of Debian", lambda work, result: _build(work, Image(result), on_progress), on_progress)
    )


def sources() -> str:
    """The lines of sources.list for the release from this machine's own mirror; Debian's on other distributions."""
    form = f"deb [signed-by={KEYRING}] $(REPO_URI) $(CODENAME) $(COMPONENT)"
    lines = run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"]).splitlines()
    suites = tuple(f" {RELEASE}{part} main" for part in ("", "-updates", "-security"))
    found = {line for line in lines if line.endswith(suites)}
    found |= {line.replace(suites[0], f" {RELEASE}-backports main") for line in found if line.endswith(suites[0])}
    if not found:
        found = {f"deb [signed-by={KEYRING}] {MIRROR} {RELEASE}{part} main" for part in ("", "-updates", "-backports")}
    return "".join(sorted(f"{line}\n" for line in found))


def _build(work: Path, image: Image, on_progress: Callable[[str], None]) -> None:
    require(["mmdebstrap", "dpkg-scanpackages"])
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "debian", "-f", str(image.key)])
    on_progress("debian: installing it into a folder (once)")
    root, listed = work / "root", work / "sources.list"
    listed.write_text(sources())
    without = [f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT]
    furnish = f'--customize-hook="{FURNISH}" "$1"'
    argv = ["mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join(PACKAGES)}", *without, furnish]
    argv += ["--skip=cleanup/apt/lists"]  # keeps the package lists of that mirror
    environment = {**os.environ, "PUBLIC_KEY": image.key.with_suffix(".pub").read_text().strip()}
    # In a mount namespace of its own, so that no mount below the folder remains when the folder is removed.
    namespace = ["unshare", "--mount", "--"]
    try:
        run([*namespace, *argv, RELEASE, str(root), str(listed)], env=environment, limit_s=BUILD_LIMIT_S)
    except Failure as failure:
        raise Failure(
            "the image of Debian could not be built",
            cause(failure.detail.splitlines()) if failure.detail else str(failure),
            f"Check that the package mirror answers, and that {CACHE} has 3 GB of free space; then try again.",
            detail=failure.detail,
        ) from failure
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
    on_progress("debian: writing its disk (once)")
    shutil.copyfile(next(root.glob("boot/vmlinuz-*")), image.kernel)
    shutil.copyfile(next(root.glob("boot/initrd.img-*")), image.initrd)
    shutil.copyfile(root / "etc/ssh/ssh_host_ed25519_key.pub", image.host_key)
    write_disk(root, DISK_MIB, image.disk, journal_mib=16)
