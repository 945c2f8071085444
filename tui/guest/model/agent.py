"""The JSON messages to QEMU's guest agent and its replies; binary data is base64."""

import base64
import json
import secrets
from collections.abc import Sequence
from typing import Any

from tui.core.command import Completed
from tui.core.failure import Failure
from tui.core.json_text import parsed

AGENT = "guest agent"  # used in place of an ssh address, which never contains a space
INLINE_BYTES = 1 << 16  # more goes into a file first: libvirt rejects messages above 4 MiB, and base64 adds a third

# The environment of the agent's service may lack HOME and most of PATH.
# A missing program exits with 127 and an error message, as over ssh.
AS_ROOT = """HOME=~root; case $HOME in /*) ;; *) HOME=/root ;; esac
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME PATH; cd
"$@"
"""
# $1: the folder with the file that becomes stdin.
WITH_FILE = """folder=$1; shift
"$@" < "$folder/stdin"; status=$?
rm -rf "$folder"
exit "$status"
"""


def new_folder() -> str:
    """An unguessable path in the guest; chosen here so that it can be removed even if creating it fails."""
    return f"/tmp/vmlm.{secrets.token_hex(16)}"  # noqa: S108


def command(name: str, **arguments: object) -> str:
    """One agent command as JSON; underscores in argument names become hyphens."""
    named = {key.replace("_", "-"): value for key, value in arguments.items()}
    return json.dumps({"execute": name, "arguments": named} if named else {"execute": name})


def run(argv: Sequence[str], stdin: bytes = b"") -> str:
    """Run a command line as root; the agent keeps its output for `completed`."""
    given = {"input_data": base64.b64encode(stdin).decode()} if stdin else {}
    return command("guest-exec", path="/bin/sh", arg=["-c", AS_ROOT, "sh", *argv], capture_output=True, **given)


def run_with_file(argv: Sequence[str], folder: str) -> str:
    """As `run`, with the file `stdin` in `folder` as its input; removes the folder afterwards."""
    return run(["sh", "-c", WITH_FILE, "sh", folder, *argv])


def pid(reply: str) -> int:
    """The process ID in the reply to guest-exec."""
    return _whole(_object(reply), "pid")


def time_ns(reply: str) -> int:
    """The guest's clock in the reply to guest-get-time, in ns since 1970."""
    return _whole({"time": _returned(reply)}, "time")


def handle(reply: str) -> int:
    """The file handle in the reply to guest-file-open."""
    return _whole({"handle": _returned(reply)}, "handle")


def write(handle: int, data: bytes) -> str:
    """Append bytes to an open file."""
    return command("guest-file-write", handle=handle, buf_b64=base64.b64encode(data).decode())


def written(reply: str) -> int:
    """The number of bytes that guest-file-write has written."""
    return _whole(_object(reply), "count")


def completed(reply: str) -> Completed | None:
    """The result of a command, None while it runs; a command ended by a signal has status 128 + signal."""
    found = _object(reply)
    if not found.get("exited"):
        return None
    status = _whole(found, "exitcode") if "exitcode" in found else 128 + _whole(found, "signal")
    return Completed(status, _text(found, "out-data"), _text(found, "err-data"))


def _returned(reply: str) -> Any:
    try:
        return parsed(reply)["return"]
    except (ValueError, KeyError, TypeError) as error:
        raise _invalid(reply) from error


def _object(reply: str) -> dict[str, Any]:
    found = _returned(reply)
    if not isinstance(found, dict):
        raise _invalid(reply)
    return found


def _whole(found: dict[str, Any], name: str) -> int:
    value = found.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _invalid(json.dumps(found))
    return value


def _text(found: dict[str, Any], name: str) -> str:
    try:
        return base64.b64decode(found.get(name, "")).decode(errors="replace")
    except (ValueError, TypeError) as error:
        raise _invalid(json.dumps(found)) from error


def _invalid(reply: str) -> Failure:
    hint = "Check that QEMU's own agent runs in the guest."
    return Failure("The guest agent sent an invalid reply", reply[:80], hint, detail=reply)
