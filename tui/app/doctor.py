"""What vmlm-tui needs on this machine, and what of it is missing; the hosts are another matter, see the Hosts page."""

# Imports are local because a missing library is what this finds.
# ruff: noqa: PLC0415

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from tui.core.failure import Failure
from tui.core.quantity import size

OK, MISSING, NOTE = "ok", "missing", "note"
LIBRARIES = ("textual", "asyncssh", "plotext", "tomli_w")
REPORT = ("scipy", "matplotlib")
LIBVIRT_HINT = (
    "Install libvirt-dev, gcc, pkg-config and the headers of Python, then `pip install libvirt-python`; or install "
    "python3-libvirt and use a virtual environment with --system-site-packages."
)
SEED_TOOLS = ("xorriso", "genisoimage", "mkisofs", "cloud-localds", "mcopy")
# What only a part of the app needs: a name, programs of which one is enough, what needs it, and a hint.
FURTHER: tuple[tuple[str, tuple[str, ...], str, str], ...] = (
    ("virsh", ("virsh",), "The console of a VM needs it on the source.", "Install libvirt-clients."),
    (
        "seeds",
        SEED_TOOLS,
        "A new VM from a cloud image needs a tool for its seed on the source.",
        "Install genisoimage.",
    ),
    (
        "C compiler",
        ("cc", "gcc", "clang"),
        "A workload is compiled here if its guest has no compiler.",
        "Install gcc and make.",
    ),
    ("sudo", ("sudo",), "Changes to this host need root.", "Install sudo, or run vmlm-tui as root."),
)
SMALL = (80, 24)
ROOM_BYTES = 100 << 20


@dataclass(frozen=True)
class Line:
    """One thing: `state` is ok, missing (it is needed), or note (a part does not work, or looks worse without it)."""

    name: str
    state: str
    found: str
    hint: str = ""


def examine(config: str | None, environ: Mapping[str, str]) -> list[Line]:
    """All lines; `config` is what --config names."""
    return [
        Line("Python", OK, f"{platform.python_version()}, {sys.executable}"),
        *map(_library, LIBRARIES),
        _libvirt(),
        _ssh(),
        *_configuration(config),
        _runner_folder(),
        *_terminal(environ),
        *_further(),
        _report(),
    ]


def _library(name: str) -> Line:
    try:
        import_module(name)
    except ImportError as error:
        return Line(name, MISSING, str(error), "Install vmlm-tui again: pip installs what it depends on.")
    return Line(name, OK, "can be imported")


def _libvirt() -> Line:
    try:
        libvirt = import_module("libvirt")
        import_module("libvirt_qemu")
    except ImportError as error:
        return Line("libvirt-python", MISSING, str(error), LIBVIRT_HINT)
    number = libvirt.getVersion()
    version = f"{number // 1_000_000}.{number // 1_000 % 1_000}.{number % 1_000}"
    return Line("libvirt-python", OK, f"with libvirt {version}")


def _ssh() -> Line:
    path = shutil.which("ssh")
    if path is None:
        why = "not on PATH; libvirt reaches the other hosts through it"
        return Line("ssh", MISSING, why, "Install openssh-client.")
    return Line("ssh", OK, path)


def _configuration(given: str | None) -> Iterator[Line]:
    """The file, and the folders that the app writes to."""
    from tui.app.config import Misconfigured, Missing, find, load
    from tui.core.settings import default_runs_folder, state_folder

    runs = default_runs_folder()
    try:
        path = find(given)
        config = load(path)
    except Missing as failure:
        named = given or os.environ.get("VMLM_CONFIG")
        hint = "vmlm-tui asks for the hosts and writes one. `vmlm-tui demo` and `vmlm-tui lab` need none."
        yield Line("configuration", MISSING if named else NOTE, failure.reason, failure.hint if named else hint)
    except Misconfigured as failure:
        for sentence in failure.detail.splitlines():
            yield Line("configuration", MISSING, sentence, "config.example.toml documents every key.")
    except Failure as failure:
        yield Line("configuration", MISSING, failure.reason, failure.hint)
    else:
        runs = config.runs.folder
        yield Line("configuration", OK, str(path))
    yield _writable("state folder", state_folder(), "Set XDG_STATE_HOME to a folder that you may write to.")
    yield _writable("runs folder", runs, "Set `folder` under [runs] to a folder that you may write to.")


def _writable(name: str, folder: Path, hint: str) -> Line:
    """Whether the folder can be written, or made, with a file without a name: nothing stays."""
    existing = next(each for each in (folder, *folder.parents) if os.path.lexists(each))
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
        free = shutil.disk_usage(existing).free
    except OSError as error:
        return Line(name, MISSING, f"{folder} can't be written: {existing}: {error.strerror}", hint)
    found = str(folder) if existing == folder else f"{folder}, which is made when it is needed"
    if free < ROOM_BYTES:
        return Line(name, NOTE, f"{found}; only {size(free)} are free", "A long migration records some MiB.")
    return Line(name, OK, found)


def _runner_folder() -> Line:
    from tui.runner.process import folder

    try:
        return Line("runner folder", OK, str(folder()))
    except Failure as failure:
        return Line("runner folder", MISSING, failure.reason, failure.hint)


def _terminal(environ: Mapping[str, str]) -> Iterator[Line]:
    if not sys.stdout.isatty():
        yield Line("terminal", NOTE, "not checked: stdout is not a terminal", "Run it in a terminal.")
        return
    columns, rows = os.get_terminal_size(sys.stdout.fileno())
    small = columns < SMALL[0] or rows < SMALL[1]
    hint = f"The charts need {SMALL[0]}x{SMALL[1]}; more is better." if small else ""
    yield Line("terminal size", NOTE if small else OK, f"{columns}x{rows}", hint)
    yield colours(environ)
    yield encoding(environ)


def colours(environ: Mapping[str, str]) -> Line:
    """Whether the terminal shows colours, by its variables."""
    term = environ.get("TERM", "")
    if term in ("", "dumb", "unknown"):
        return Line("colours", NOTE, f"TERM is {term or 'not set'}", "Set TERM, for example to xterm-256color.")
    if environ.get("NO_COLOR"):
        return Line("colours", NOTE, "NO_COLOR is set", "The app uses bold, dim and marks in place of colours.")
    return Line("colours", OK, f"TERM={term}")


def encoding(environ: Mapping[str, str]) -> Line:
    """Whether the locale is UTF-8, as the first of its variables that is set decides."""
    name = next((each for each in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(each)), "")
    value = environ[name] if name else "C"
    if value.lower().replace("-", "").endswith("utf8"):
        return Line("locale", OK, value)
    found = f"{name}={value} is not UTF-8" if name else "LANG is not set"
    return Line("locale", NOTE, found, "Charts and borders may show as other characters: set LANG=C.UTF-8.")


def _further() -> Iterator[Line]:
    for name, programs, why, hint in FURTHER:
        path = next(filter(None, map(shutil.which, programs)), None)
        if path is not None:
            yield Line(name, OK, path)
        elif name != "sudo" or os.geteuid() != 0:
            yield Line(name, NOTE, f"{', '.join(programs)} not on PATH. {why}", hint)


def _report() -> Line:
    from importlib.util import find_spec

    absent = [each for each in REPORT if find_spec(each) is None]
    if absent:
        found = f"{' and '.join(absent)} not installed: no statistics and figures of recorded runs"
        return Line("reports", NOTE, found, "Install vmlm-tui[report].")
    return Line("reports", OK, " and ".join(REPORT))
