"""Appends the table of a host to config.toml, so that comments and all other lines stay as they are."""

import os
from collections.abc import Mapping
from pathlib import Path

from tui.app import config
from tui.core.failure import Failure
from tui.core.settings import HOST_NAME, Config

Keys = Mapping[str, str | tuple[str, ...]]  # of the table: texts, and lists of them


def check(path: Path, name: str, keys: Keys) -> str:
    """The new text of the file with [hosts.NAME] and these keys; Failure if that is not possible. Changes nothing."""
    before = config.load(path)
    try:
        HOST_NAME.read(name)
    except ValueError as error:
        raise Failure(f'"{name}" is not {HOST_NAME.expected}') from error
    if name in before.hosts.named:
        hint = "Choose another name, or change that host in the file."
        raise Failure(_not_added(path, name), "there is a host of this name", hint)
    table = "".join(f"{key} = {_quoted(value)}\n" for key, value in keys.items())
    text = f"{config.text_of(path).rstrip()}\n\n[hosts.{name}]\n{table}"
    after = config.read(path, text).hosts.named
    if {each: host for each, host in after.items() if each != name} != dict(before.hosts.named):
        raise Failure(_not_added(path, name), "its other tables would change their meaning", _by_hand(name))
    return text


def append(path: Path, name: str, keys: Keys) -> Config:
    """Append the table, and return the new configuration; Failure leaves the file as it was."""
    text = check(path, name, keys)
    try:
        _replace(Path(os.path.realpath(path)), text)
    except OSError as error:
        why = error.strerror or str(error)
        raise Failure(_not_added(path, name), why, _by_hand(name), detail=str(error)) from error
    return config.load(path)


def _not_added(path: Path, name: str) -> str:
    return f"{name} was not added to {path}"


def _by_hand(name: str) -> str:
    return f"Add the table [hosts.{name}] by hand."


def _quoted(value: str | tuple[str, ...]) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_quoted, value))}]"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _replace(path: Path, text: str) -> None:
    """Replace the file in one step, with its mode; a crash leaves the old one or the new one."""
    new = path.with_name(f".{path.name}.new")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), path.stat().st_mode & 0o7777)
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
