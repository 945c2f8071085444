"""The wheel and the source archive: they have every file of the program, and both install outside of the checkout."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.unit.app.programs import Terminal
from tui import __version__
from tui.app.screens.demo import NOTICE

CHECKOUT = Path(__file__).parents[2]
LIMIT_S = 900
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "config.example.toml", "tui", "workloads")


def run(*argv: str | Path, **more: str) -> str:
    """The output of a command outside of the checkout, which must succeed."""
    done = subprocess.run(
        argv, cwd="/", env={**os.environ, **more}, capture_output=True, text=True, check=False, timeout=LIMIT_S
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def require_libvirt_dev() -> None:
    """Skip the test where libvirt-python cannot be compiled."""
    if shutil.which("pkg-config") is None or subprocess.run(["pkg-config", "libvirt"], check=False).returncode:
        pytest.skip("libvirt-dev, which libvirt-python is compiled against, is not installed")


def tracked() -> set[str]:
    """The files of the program in the checkout."""
    return set(run("git", "-C", CHECKOUT, "ls-files", "tui", "workloads").splitlines())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel and the source archive, of a copy: setuptools leaves what it builds beside its sources."""
    folder = tmp_path_factory.mktemp("dist")
    copy = folder / "copy"
    for name in run("git", "-C", CHECKOUT, "ls-files", *SOURCES).splitlines():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, copy / name)
    run(sys.executable, "-m", "build", "--outdir", folder, copy)
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


def test_the_wheel_and_the_archive_have_every_file_of_the_program(built: tuple[Path, Path]) -> None:
    wheel, archive = built
    assert tracked() - set(zipfile.ZipFile(wheel).namelist()) == set()
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert (tracked() | {"config.example.toml", "LICENSE"}) - names == set()


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs uv and pipx, in a virtual environment of their own."""
    folder = tmp_path_factory.mktemp("tools")
    run(sys.executable, "-m", "venv", folder)
    run(folder / "bin/pip", "install", "-q", "uv", "pipx")
    return folder / "bin"


@pytest.mark.parametrize(("tool", "archive"), [("uv", 1), ("pipx", 0)], ids=["uv-sdist", "pipx-wheel"])
def test_uv_and_pipx_install_what_runs(
    built: tuple[Path, Path], tools: Path, tmp_path: Path, tool: str, archive: int
) -> None:
    require_libvirt_dev()
    constraints, python = str(CHECKOUT / ".ci/constraints.txt"), str(tools / "python")
    if tool == "uv":
        folders = {"UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin")}
        argv = (tools / "uv", "tool", "install", "--python", python, "--constraints", constraints)
        run(*argv, built[archive], HOME=str(tmp_path), **folders)
    else:
        folders = {"PIPX_HOME": str(tmp_path / "tools"), "PIPX_BIN_DIR": str(tmp_path / "bin")}
        more = {"PIP_CONSTRAINT": constraints, "PIPX_DEFAULT_PYTHON": python}
        run(tools / "pipx", "install", built[archive], HOME=str(tmp_path), **folders, **more)
    assert run(tmp_path / "bin/vmlm-tui", "--version") == f"vmlm-tui {__version__}\n"
    assert "Nothing that vmlm-tui needs is missing." in run(tmp_path / "bin/vmlm-tui", "doctor", HOME=str(tmp_path))


def test_the_wheel_installs_and_runs_outside_of_the_checkout(built: tuple[Path, Path], tmp_path: Path) -> None:
    require_libvirt_dev()
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    constraints = str(CHECKOUT / ".ci/constraints.txt")
    run(tmp_path / "venv/bin/pip", "install", "-q", built[0], PIP_CONSTRAINT=constraints)
    program = tmp_path / "venv/bin/vmlm-tui"
    assert run(program, "--version") == f"vmlm-tui {__version__}\n"
    assert "Nothing that vmlm-tui needs is missing." in run(program, "doctor", HOME=str(tmp_path))
    assert (tmp_path / "venv/share/doc/vmlm-tui/config.example.toml").is_file()
    start = f"import os; os.chdir('/'); os.execv({str(program)!r}, ['vmlm-tui', 'demo'])"
    terminal = Terminal({**os.environ, "TERM": "xterm-256color"}, program=("-c", start))
    try:
        terminal.until(NOTICE)
        terminal.press("q")
        assert terminal.status() == 0
    finally:
        terminal.close()
