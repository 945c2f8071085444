"""Takes files out of the distribution's packages without installing any of them on this machine."""

import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tui.core.failure import Failure
from tui.lab.command import run

APT = ["-o", "APT::Sandbox::User=root", "-o", "Debug::NoLocking=true", "-q"]


def parse_installations(simulation: str) -> list[str]:
    """The packages that `apt-get -s install` says it would install, in its order."""
    return re.findall(r"^Inst (\S+)", simulation, re.MULTILINE)


def parse_dependencies(depends: str) -> list[str]:
    """The names in the Depends lines of `apt-cache depends`."""
    return re.findall(r"^ +\|?(?:Pre)?Depends: ([^<\s]\S*)", depends, re.MULTILINE)


def with_dependencies(names: Sequence[str]) -> list[str]:
    """These packages and all that they need on a machine that has nothing."""
    with tempfile.NamedTemporaryFile(prefix="vmlm-lab-status") as nothing:
        status = ["-o", f"Dir::State::status={nothing.name}"]
        return parse_installations(run(["apt-get", *APT, *status, "-s", "--no-install-recommends", "install", *names]))


def kernel_packages(metapackage: str) -> list[str]:
    """The package of the kernel a metapackage stands for, and that of its modules where they are apart (Ubuntu)."""
    dependencies = parse_dependencies(run(["apt-cache", "depends", metapackage]))
    images = [name for name in dependencies if re.match(r"linux-image-\d", name)]
    if not images:
        raise Failure(f"the package {metapackage} names no kernel", hint="Run `apt-get update`, then try again.")
    return [images[0], *(n for n in parse_dependencies(run(["apt-cache", "depends", images[0]])) if "-modules-" in n)]


def download(names: Sequence[str], folder: Path, on_progress: Callable[[str], None]) -> list[Path]:
    """Downloads packages into a folder; when the machine's package lists are too old, updates them once and retries."""
    argv = ["apt-get", *APT, "download", *names]
    try:
        run(argv, cwd=folder, limit_s=900)
    except Failure:
        on_progress("the package lists are out of date: apt-get update")
        run(["apt-get", "-q", "update"], limit_s=600)
        run(argv, cwd=folder, limit_s=900)
    return sorted(folder.glob("*.deb"))


def unpack(package: Path, root: Path, *, leave_out: Sequence[str] = ()) -> None:
    """Lays a package's files under `root`, through the links of a merged /usr, except those that match a pattern."""
    exclude = [f"--exclude={pattern}" for pattern in leave_out]
    tar = ["tar", "-x", "-C", str(root), "--keep-directory-symlink", *exclude]
    run(
        ["sh", "-c", 'set -e; deb=$1; shift; dpkg-deb --fsys-tarfile "$deb" | "$@"', "sh", str(package), *tar],
        limit_s=300,
    )
