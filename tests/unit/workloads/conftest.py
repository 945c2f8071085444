"""Fixtures that the tests of workloads share."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.workloads.programs import COMPILERS, LIMIT, Running
from workloads import folder


@pytest.fixture(scope="module", params=COMPILERS)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the programs, built by their Makefile, once per compiler."""
    here = tmp_path_factory.mktemp(request.param)
    make = ["make", "-f", str(folder() / "Makefile"), f"CC={request.param}"]
    result = subprocess.run(make, cwd=here, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return here


@pytest.fixture
def start(built: Path) -> Iterator[Callable[..., Running]]:
    programs = []

    def start_one(*options: str) -> Running:
        programs.append(Running([str(built / "memory_intensive"), *LIMIT, *options]))
        return programs[-1]

    yield start_one
    for program in programs:
        program.process.kill()
        program.process.communicate()
