"""The C programs that run inside the guest; the package installs their sources with the app."""

from pathlib import Path


def folder() -> Path:
    """The folder with the sources and the Makefile; it may be read-only (`make -f` builds in another folder)."""
    return Path(__file__).parent
