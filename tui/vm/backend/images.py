"""Lists, copies and removes disk images on the shared folder; commands run on one host as root."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from tui.core.command import Completed
from tui.core.failure import Failure
from tui.core.quantity import whole
from tui.linux.sudo import Sudo
from tui.vm.model.image import Image, parse_info

OnProgress = Callable[[str], None]

TAKEN = 73  # exit status of COPY if the target exists: EX_CANTCREAT of sysexits.h
PART = ".part"  # suffix of an unfinished copy
NAME_TAKEN = "a file of that name exists"
STOP_EVERY_S = 0.2
LIST_LIMIT_S = 60.0
COPY_LIMIT_S = 4 * 3600.0

# $1 is the folder. Prints the path and the qemu-img info of each file, both terminated by NUL.
LIST = """find "$1" -maxdepth 2 -type f -exec sh -c '
  for each; do printf "%s\\0" "$each"; qemu-img info --output=json -U -- "$each" 2> /dev/null; printf "\\0"; done
' sh {} +"""

# $1 origin, $2 target, $3 format of the target, $4 its minimum size. The copy has the suffix PART until it is complete.
# It keeps owner and mode of the original because QEMU's user must be able to open both. qemu-img's PID is in a file for
# STOP: it may run as root, so killing the caller does not stop it. The watch checks once a second that stdout still has
# a reader, because a killed app leaves qemu-img running.
# `mv -n` may exit with 0 without moving if $2 exists; then the status is TAKEN, as if $2 had existed before.
COPY = """set -e
watch=
trap "" PIPE
! { [ -e "$2" ] || [ -L "$2" ]; } || exit 73
trap 'status=$?
[ -z "$watch" ] || kill "$watch" 2> /dev/null || true
rm -f -- "$2.part.pid"
[ "$status" = 0 ] || rm -f -- "$2.part"' EXIT
qemu-img convert -p -O "$3" -- "$1" "$2.part" &
copy=$!
echo "$copy" > "$2.part.pid"
( while sleep 1 > /dev/null 2>&1; do printf "\\r" || { kill "$copy"; exit; }; done ) 2> /dev/null &
watch=$!
wait "$copy"
[ "$4" = 0 ] || qemu-img resize -q -f "$3" -- "$2.part" "$4"
cp --attributes-only --preserve=mode,ownership -- "$1" "$2.part"
mv -nT -- "$2.part" "$2" || [ -e "$2" ]
[ ! -e "$2.part" ] || exit 73
"""

# $1 the target of the copy. Its PID may be reused by now, so STOP checks the command line before it kills.
STOP = """[ -s "$1.part.pid" ] && read -r pid < "$1.part.pid" || exit 0
tr "\\0" "\\n" < "/proc/$pid/cmdline" | grep -qxF -- "$1.part" && kill "$pid"
true
"""

# $@ are paths. Prints those that exist, each terminated by NUL.
EXISTING = 'for each; do [ ! -e "$each" ] || printf "%s\\0" "$each"; done'

# $1 an image
DIRECT_IO = 'dd if="$1" of=/dev/null bs=4096 count=1 iflag=direct 2> /dev/null'


class Images:
    """The images in `folder`, a path of `host`."""

    def __init__(self, sudo: Sudo, host: str, folder: str) -> None:
        self._sudo = sudo
        self.host = host
        self.folder = folder
        self._copying = ""  # target of the current copy
        self._stopping = False

    async def trouble(self, host: str) -> Failure | None:
        """Why a host can't use the shared folder; None if it can."""
        try:
            done = await self._sudo.run(host, ["test", "-d", self.folder])
        except Failure as failure:
            return Failure(f"The shared folder of {host} can't be read", str(failure), detail=failure.detail)
        if done.status:
            hint = "The NFS page sets it up; [storage] export in the configuration names it."
            return Failure(f"There is no folder {self.folder} on {host}", "the shared folder is not mounted", hint)
        return None

    async def all(self) -> dict[str, Image]:
        """All images by path, sorted, without unfinished copies and files that qemu-img does not recognise."""
        done = await self._run(["sh", "-c", LIST, "sh", self.folder], LIST_LIMIT_S)
        words = done.stdout.split("\0")
        pairs = zip(words[0::2], words[1::2], strict=False)
        found = [parse_info(facts, path) for path, facts in pairs if facts.strip() and not path.endswith(PART)]
        return {image.path: image for image in sorted(found, key=lambda image: image.path)}

    async def info(self, path: str) -> Image:
        """The image at `path`; Failure if the file is missing or not an image."""
        if (await self._run(["test", "-f", path])).status:
            raise Failure(f"There is no file {path} on {self.host}", "", "Choose one from the list.")
        done = await self._run(["qemu-img", "info", "--output=json", "-U", "--", path])
        return parse_info(done.output(f"{path} is not a disk image"), path)

    async def exists(self, path: str) -> bool:
        """Whether a file exists at `path`."""
        return (await self._run(["test", "-e", path])).status == 0

    async def remains(self, paths: Sequence[str]) -> tuple[str, ...]:
        """Those of these files that exist, and their unfinished copies."""
        wanted = [f"{path}{suffix}" for path in paths for suffix in ("", PART, f"{PART}.pid")]
        done = await self._run(["sh", "-c", EXISTING, "sh", *wanted])
        return tuple(done.stdout.split("\0")[:-1])

    async def takes_direct_io(self, path: str) -> bool:
        """Whether O_DIRECT works on the file; cache=none requires it."""
        return (await self._run(["sh", "-c", DIRECT_IO, "sh", path])).status == 0

    async def free_bytes(self) -> int:
        """Free space of the folder's file system."""
        done = await self._run(["df", "-B1", "--output=avail", "--", self.folder])
        return whole("".join(done.stdout.split()[-1:])) or 0

    async def copy(self, origin: str, target: str, format: str, least_bytes: int, on_progress: OnProgress) -> None:
        """Copy `origin` without a backing file; `least_bytes` 0 keeps its size."""

        def on_output(text: str) -> None:
            percent = re.findall(r"\((\d+)\.\d+/100%\)", text)
            if percent:
                on_progress(f"copying {origin} to {target}, {percent[-1]} %; esc stops it")

        on_progress(f"copying {origin} to {target}; esc stops it")
        argv = ["sh", "-c", COPY, "sh", origin, target, format, str(least_bytes)]
        self._copying, self._stopping = target, False
        try:
            done = await self._sudo.run(self.host, argv, timeout=COPY_LIMIT_S, on_output=on_output)
        finally:
            self._copying = ""
        if done.status and self._stopping:
            raise Failure("Copying was stopped", hint=f"{target} was removed; {origin} is unchanged.")
        if done.status == TAKEN:
            raise Failure(f"{origin} could not be copied to {target}", NAME_TAKEN, "Choose another name.")
        replace(done, stdout="").output(f"{origin} could not be copied to {target}")  # stdout is progress only

    async def stop_copying(self) -> bool:
        """Stop the current copy, which removes its unfinished file; False if there is none."""
        if not self._copying:
            return False
        self._stopping = True
        while self._copying:  # repeated, because the copy may not have started yet
            await self.end_copy(self._copying)
            await asyncio.sleep(STOP_EVERY_S)
        return True

    async def end_copy(self, target: str) -> None:
        """Stop the copy to that file, also one of another app."""
        await self._run(["sh", "-c", STOP, "sh", target])

    async def remove(self, paths: Sequence[str]) -> None:
        """Remove exactly these files; a missing one is no error."""
        if not paths:
            return
        (await self._run(["rm", "-f", "--", *paths])).output("The disks could not be removed")

    async def _run(self, argv: Sequence[str], timeout: float = 30.0) -> Completed:
        return await self._sudo.run(self.host, argv, timeout=timeout)
