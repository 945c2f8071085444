"""Unpacks the distribution's packages without installing them on this machine."""

import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tui.core.failure import Failure
from tui.lab.command import run

APT = ["-o", "APT::Sandbox::User=root", "-o", "Debug::NoLocking=true", "-q"]


def parse_installations(simulation: str) -> list[str]:
    """The packages that `apt-get -s install` would install, in its order."""
    return re.findall(r"^Inst (\S+)", simulation, re.MULTILINE)


def parse_dependencies(depends: str) -> list[str]:
    """The names in the Depends lines of `apt-cache depends`."""
    return re.findall(r"^ +\|?(?:Pre)?Depends: ([^<\s]\S*)", depends, re.MULTILINE)


def with_dependencies(names: Sequence[str]) -> list[str]:
    """The packages and all their dependencies, as for a machine with no packages installed."""
    with tempfile.NamedTemporaryFile(prefix="vmlm-lab-status") as nothing:
        status = ["-o", f"Dir::State::status={nothing.name}"]
        return parse_installations(run(["apt-get", *APT, *status, "-s", "--no-install-recommends", "install", *names]))


def kernel_packages(metapackage: str) -> list[str]:
    """The kernel's package for a metapackage, and the package of its modules where it is separate (Ubuntu)."""
    dependencies = parse_dependencies(run(["apt-cache", "depends", metapackage]))
    images = [name for name in dependencies if re.match(r"linux-image-\d", name)]
    if not images:
        raise Failure(f"the package {metapackage} depends on no kernel", hint="Run `apt-get update`, then try again.")
    return [images[0], *(n for n in parse_dependencies(run(["apt-cache", "depends", images[0]])) if "-modules-" in n)]


def download(names: Sequence[str], folder: Path, on_progress: Callable[[str], None]) -> list[Path]:
    """Downloads packages into a folder; if that fails, updates the package lists and retries once."""
    argv = ["apt-get", *APT, "download", *names]
    try:
        run(argv, cwd=folder, limit_s=900)
    except Failure:
        on_progress("the download failed; updating the package lists")
        run(["apt-get", "-q", "update"], limit_s=600)
        run(argv, cwd=folder, limit_s=900)
    return sorted(folder.glob("*.deb"))


def unpack(package: Path, root: Path, *, leave_out: Sequence[str] = ()) -> None:
    """Unpacks a package below `root`, without files that match `leave_out`; keeps the links of a merged /usr."""
    exclude = [f"--exclude={pattern}" for pattern in leave_out]
    tar = ["tar", "-x", "-C", str(root), "--keep-directory-symlink", *exclude]
    run(
        ["sh", "-c", 'set -e; deb=$1; shift; dpkg-deb --fsys-tarfile "$deb" | "$@"', "sh", str(package), *tar],
        limit_s=300,
    )
