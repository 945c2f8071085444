"""The serial console of a VM in the app's own terminal: the app steps aside for virsh, and comes back."""

import asyncio
from collections.abc import Sequence

from textual.app import App, SuspendNotSupported

from tui.core.failure import Failure


async def show_console(app: App[object], argv: Sequence[str]) -> None:
    """Returns when the person has left the console, or virsh has ended; Failure where it could not be shown.

    The app goes on meanwhile, for it may be recording a migration; only its screen stands still.
    """
    failure: Failure | None = None
    try:
        with app.batch_update(), app.suspend():
            failure = await _run(argv)  # raises nothing: Textual would not come back
    except SuspendNotSupported as error:
        raise Failure("The console can't be shown here", "this terminal can't be handed over") from error
    if failure is not None:
        raise failure


async def _run(argv: Sequence[str]) -> Failure | None:
    print("\033[2J\033[HCtrl+] comes back to vmlm-tui. If nothing is seen, press Enter.\n", flush=True)
    try:
        process = await asyncio.create_subprocess_exec(*argv, stderr=asyncio.subprocess.PIPE)
    except OSError as error:
        return Failure("The console can't be shown", f"{argv[0]}: {error.strerror}", "Is libvirt-clients installed?")
    _, words = await process.communicate()
    if process.returncode:
        lines = words.decode(errors="replace").strip().splitlines() or [f"virsh ended with status {process.returncode}"]
        return Failure("The console was closed", lines[0].removeprefix("error: "), detail="\n".join(lines))
    return None
