"""The C programs that run inside the guest; this package only carries their sources to where the app is installed."""

from pathlib import Path


def folder() -> Path:
    """The folder with the sources and their Makefile; it may be read-only (`make -f` builds elsewhere)."""
    return Path(__file__).parent
