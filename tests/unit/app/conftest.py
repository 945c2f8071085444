"""Fixtures that the tests of app share."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.app.programs import LIMIT_S, MINIMAL, Open, Run, Terminal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The environment of a user without any configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VMLM", "TEXTUAL", "XDG"))}
    return kept | {"HOME": str(tmp_path), "TERM": "xterm-256color"}


@pytest.fixture
def run(environ: dict[str, str]) -> Run:
    def run(*words: str, program: tuple[str, ...] = ("-m", "tui")) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *program, *words],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    return run


@pytest.fixture
def opened(environ: dict[str, str]) -> Iterator[Open]:
    """Opens terminals, and closes them after the test."""
    terminals: list[Terminal] = []

    def open_one(*words: str, program: tuple[str, ...] = ("-m", "tui")) -> Terminal:
        terminals.append(Terminal(environ, *words, program=program))
        return terminals[-1]

    yield open_one
    for terminal in terminals:
        terminal.close()


@pytest.fixture
def configured(tmp_path: Path) -> str:
    place = tmp_path / "config.toml"
    place.write_text(MINIMAL)
    return str(place)
