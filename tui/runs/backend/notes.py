"""note.toml, which a person writes beside the run.toml of the runner."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tui.core.failure import Failure
from tui.core.regular_file import open_regular
from tui.runs.model.annotation import Annotation, parse_annotation

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NOTE = "note.toml"
MAX_BYTES = 1 << 20


def read_annotation(folder: Path) -> Annotation:
    """The annotation of the run in a folder; one that can't be read has a problem."""
    try:
        return parse_annotation(_tables(folder / NOTE))
    except FileNotFoundError:
        return Annotation()
    except (OSError, ValueError, RecursionError) as error:  # ValueError: no TOML, no UTF-8
        return Annotation(problem=f"Its {NOTE} can't be read: {' '.join(str(error).split())}.")


def annotate(folder: Path, change: Callable[[Annotation], Annotation]) -> Annotation:
    """Write the changed annotation of the run in a folder; a damaged note.toml is refused, never replaced."""
    before = read_annotation(folder)
    if before.problem:
        raise Failure(before.problem.rstrip("."), "", f"Correct or remove {folder / NOTE}.")
    after = change(before)
    if after != before:
        try:
            _write(folder / NOTE, after)
        except OSError as error:
            why = error.strerror or str(error)
            raise Failure(f"{folder / NOTE} could not be written", why, detail=str(error)) from error
    return after


def _tables(path: Path) -> dict[str, Any]:
    with open_regular(path) as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError("it is larger than 1 MiB")
    return tomllib.loads(data.decode("utf-8-sig"))


def _write(path: Path, annotation: Annotation) -> None:
    """Replace the file atomically, with the keys of other versions kept; nothing noted removes it."""
    import tomli_w  # noqa: PLC0415  # reading does not need it

    others = _others(path)
    tables = others | annotation.tables
    if not tables:
        path.unlink(missing_ok=True)
        return
    new = path.with_name(f".{path.name}.new")
    try:
        with new.open("wb") as file:
            tomli_w.dump(tables, file, multiline_strings=True)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def _others(path: Path) -> dict[str, Any]:
    """The keys of the file that are not ours."""
    try:
        tables = _tables(path)
    except FileNotFoundError:
        return {}
    return {name: value for name, value in tables.items() if name not in ("note", "tags", "excluded")}
