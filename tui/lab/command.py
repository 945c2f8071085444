"""Runs a program of the machine; a Failure carries the program's own error output."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tui.core.failure import Failure

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def run(
    argv: Sequence[str],
    *,
    stdin: str = "",
    limit_s: float = 60,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> str:
    """Returns the standard output of a program; raises Failure with its stderr if it fails or exceeds `limit_s`."""
    environment = {**(os.environ if env is None else env), "PATH": SYSTEM_PATH, "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            argv, input=stdin, capture_output=True, text=True, timeout=limit_s, check=False, env=environment, cwd=cwd
        )
    except FileNotFoundError as error:
        raise Failure(f"{argv[0]} is not installed", hint="Run `make setup` in the project's folder.") from error
    except subprocess.TimeoutExpired as error:
        raise Failure(f"`{' '.join(argv)}` did not end within {limit_s:g} s") from error
    if done.returncode:
        detail = (done.stderr or done.stdout).strip()
        raise Failure(f"`{' '.join(argv)}` failed", detail.splitlines()[-1] if detail else "", detail=detail)
    return done.stdout


def succeeds(argv: Sequence[str], *, limit_s: float = 60) -> bool:
    """Whether the program exits with status 0 within `limit_s`."""
    try:
        return subprocess.run(argv, capture_output=True, timeout=limit_s, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def require(programs: Sequence[str]) -> None:
    """Raises one Failure that names all missing programs."""
    missing = [program for program in programs if not shutil.which(program, path=SYSTEM_PATH)]
    if missing:
        raise Failure(
            f"the lab needs programs that are not installed: {', '.join(missing)}",
            hint="Run `make setup` in the project's folder.",
        )
