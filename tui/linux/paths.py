"""Absolute paths as a person writes them: with double slashes, dots, and slashes at the end."""

import posixpath


def lexical(path: str) -> str:
    """An absolute path without empty steps and dots; other text stays. Symbolic links are not followed."""
    return posixpath.normpath(f"/{path.lstrip('/')}") if path.startswith("/") else path


def inside(path: str, parent: str) -> str | None:
    """The path as seen from a folder that is it or contains it, from "/"; None if it is elsewhere."""
    if parent in ("/", path) or path.startswith(f"{parent}/"):
        return lexical(f"/{path.removeprefix(parent)}")
    return None
