"""Shows the serial console of a VM: suspends the screen, runs virsh in the terminal, and resumes."""

import asyncio
from collections.abc import Sequence

from textual.app import App, SuspendNotSupported

from tui.core.failure import Failure


async def show_console(app: App[object], argv: Sequence[str]) -> None:
    """Run `argv` (virsh console) to its end; Failure if it could not run. The event loop goes on meanwhile."""
    failure: Failure | None = None
    try:
        with app.batch_update(), app.suspend():
            failure = await _run(argv)  # returns its Failure: after an exception Textual would not resume
    except SuspendNotSupported as error:
        raise Failure("The console can't be shown here", "Textual can't suspend itself in this terminal") from error
    if failure is not None:
        raise failure


async def _run(argv: Sequence[str]) -> Failure | None:
    print("\033[2J\033[HCtrl+] returns to vmlm-tui. If the screen stays empty, press Enter.\n", flush=True)
    try:
        process = await asyncio.create_subprocess_exec(*argv, stderr=asyncio.subprocess.PIPE)
    except OSError as error:
        return Failure("The console can't be shown", f"{argv[0]}: {error.strerror}", "Is libvirt-clients installed?")
    _, stderr = await process.communicate()
    if process.returncode:
        status = f"virsh exited with status {process.returncode}"
        lines = stderr.decode(errors="replace").strip().splitlines() or [status]
        return Failure("The console was closed", lines[0].removeprefix("error: "), detail="\n".join(lines))
    return None
