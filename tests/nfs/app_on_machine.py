"""The app on a machine, with the Python packages that this computer's checkout uses."""

import compileall
import io
import shutil
import sys
import tarfile
from collections.abc import Sequence
from importlib.metadata import distribution, requires
from pathlib import Path

from packaging.requirements import Requirement

import tui
import workloads
from tests.nfs.machine import Machine

FOLDER = "/opt/app"
PROGRAM = f"env PYTHONPATH={FOLDER} python3 -m tui.app.main"
PYTHON = (3, 11)  # of Debian 12; the compiled parts fit no other version


def unfit() -> str:
    """Why the packages of this Python do not run on a machine; empty if they do."""
    ours = sys.version_info[:2]
    return "" if ours == PYTHON else f"the machines have Python 3.11, the tests run with {ours[0]}.{ours[1]}"


def install(machine: Machine, folder: Path) -> None:
    """Copies the app with all that it imports to the machine; compiled, which takes the emulated machine long."""
    for package in (tui, workloads):
        shutil.copytree(Path(str(package.__file__)).parent, folder / package.__name__)
    for name in needed("vmlm-tui"):
        for file in distribution(name).files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts and file.locate().is_file():
                target = folder / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file.locate(), target)
    compileall.compile_dir(folder, quiet=2)
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as files:
        files.add(folder, ".")
    archive = folder.with_suffix(".tar")
    archive.write_bytes(written.getvalue())
    machine.send(archive, "/opt/app.tar")
    machine.ssh("sh", "-ec", f"mkdir -p {FOLDER}; tar -xf /opt/app.tar -C {FOLDER} --no-same-owner; rm /opt/app.tar")


def needed(name: str, done: Sequence[str] = ()) -> list[str]:
    """The packages that this one requires, and those that they require."""
    found: list[str] = []
    for line in requires(name) or ():
        requirement = Requirement(line)
        marker = requirement.marker
        if requirement.name in (*done, *found) or (marker and not marker.evaluate({"extra": ""})):
            continue
        found += [requirement.name, *needed(requirement.name, (*done, *found, requirement.name))]
    return list(dict.fromkeys(found))
