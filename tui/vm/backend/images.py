"""The disk images on the shared folder: listed, copied and removed by the source host, as root."""

import asyncio
import re
from collections.abc import Callable, Sequence

from tui.core.command import Completed
from tui.core.failure import Failure
from tui.core.settings import SOURCE
from tui.linux.sudo import Sudo
from tui.vm.model.image import Image, parse_info

OnProgress = Callable[[str], None]

TAKEN = 73  # what COPY answers where a file of that name exists, from sysexits.h: can't create
PART = ".part"  # at the end of a file's name until it is whole
NAME_TAKEN = "a file of that name is there already"
STOP_EVERY_S = 0.2
LIST_LIMIT_S = 60.0
COPY_LIMIT_S = 4 * 3600.0

# $1 the folder. Of each file its path and what qemu-img says of it, each with a NUL at its end.
LIST = """find "$1" -maxdepth 2 -type f -exec sh -c '
  for each; do printf "%s\\0" "$each"; qemu-img info --output=json -U -- "$each" 2> /dev/null; printf "\\0"; done
' sh {} +"""

# $1 from, $2 to, $3 its format, $4 its least size. Under another name until it is whole; owner and mode are those of
# the original, for QEMU's user must be able to open the one as the other. What copies leaves its number beside it for
# STOP: it may be root's, and so not be ended by ending who asked for it. Once a second it is looked whether anybody
# still reads what it says: an app that was killed wants no copy, and qemu-img itself would go on to its end.
# `mv -n` may exit with 0 although it moved nothing because $2 exists; TAKEN then, as where it existed before.
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

# $1 what is being copied to. A number may be anybody's by now: only that very command is ended.
STOP = """[ -s "$1.part.pid" ] && read -r pid < "$1.part.pid" || exit 0
tr "\\0" "\\n" < "/proc/$pid/cmdline" | grep -qxF -- "$1.part" && kill "$pid"
true
"""

# Any number of paths. Those of them that exist, each with a NUL at its end.
THERE = 'for each; do [ ! -e "$each" ] || printf "%s\\0" "$each"; done'

# $1 an image
DIRECT_IO = 'dd if="$1" of=/dev/null bs=4096 count=1 iflag=direct 2> /dev/null'


class Images:
    """The images in `folder`, as the source host sees it."""

    def __init__(self, sudo: Sudo, folder: str) -> None:
        self._sudo = sudo
        self.folder = folder
        self._copying = ""  # what is being copied to
        self._stopping = False

    async def trouble(self, host: str) -> Failure | None:
        """Why VMs can't be kept in the shared folder of a host, None where they can."""
        try:
            done = await self._sudo.run(host, ["test", "-d", self.folder])
        except Failure as failure:
            return Failure(f"The shared folder of {host} can't be looked at", str(failure), detail=failure.detail)
        if done.status:
            hint = "The NFS page sets it up; [storage] export in the configuration names it."
            return Failure(f"There is no folder {self.folder} on {host}", "the shared folder is not mounted", hint)
        return None

    async def all(self) -> dict[str, Image]:
        """By path, sorted; what qemu-img knows nothing of is left out, and so are unfinished copies."""
        done = await self._run(["sh", "-c", LIST, "sh", self.folder], LIST_LIMIT_S)
        words = done.stdout.split("\0")
        pairs = zip(words[0::2], words[1::2], strict=False)
        found = [parse_info(facts, path) for path, facts in pairs if facts.strip() and not path.endswith(PART)]
        return {image.path: image for image in sorted(found, key=lambda image: image.path)}

    async def info(self, path: str) -> Image:
        """One of them; Failure where it is missing or no image."""
        if (await self._run(["test", "-f", path])).status:
            raise Failure(f"There is no file {path} on {SOURCE}", "", "Choose one of the list.")
        done = await self._run(["qemu-img", "info", "--output=json", "-U", "--", path])
        if done.status:
            raise Failure(f"{path} is not a disk image", _last(done), detail=done.stderr)
        return parse_info(done.stdout, path)

    async def exists(self, path: str) -> bool:
        return (await self._run(["test", "-e", path])).status == 0

    async def remains(self, paths: Sequence[str]) -> tuple[str, ...]:
        """What there is of these files and of the unfinished copies that were to become them."""
        wanted = [f"{path}{suffix}" for path in paths for suffix in ("", PART, f"{PART}.pid")]
        done = await self._run(["sh", "-c", THERE, "sh", *wanted])
        return tuple(done.stdout.split("\0")[:-1])

    async def takes_direct_io(self, path: str) -> bool:
        """Whether a file there can be read past the page cache, as cache=none does."""
        return (await self._run(["sh", "-c", DIRECT_IO, "sh", path])).status == 0

    async def free_bytes(self) -> int:
        """How much the folder can still take."""
        done = await self._run(["df", "-B1", "--output=avail", "--", self.folder])
        digits = done.stdout.split()[-1:] or ["0"]
        return int(digits[0]) if digits[0].isdecimal() else 0

    async def copy(self, origin: str, target: str, format: str, least_bytes: int, on_progress: OnProgress) -> None:
        """A copy that stands alone; `least_bytes` 0 leaves its size as it is."""

        def on_output(text: str) -> None:
            percent = re.findall(r"\((\d+)\.\d+/100%\)", text)
            if percent:
                on_progress(f"copying {origin} to {target}, {percent[-1]} %; esc stops it")

        on_progress(f"copying {origin} to {target}; esc stops it")
        argv = ["sh", "-c", COPY, "sh", origin, target, format, str(least_bytes)]
        self._copying, self._stopping = target, False
        try:
            done = await self._sudo.run(SOURCE, argv, timeout=COPY_LIMIT_S, on_output=on_output)
        finally:
            self._copying = ""
        if done.status and self._stopping:
            raise Failure("Copying was stopped", hint=f"{target} is gone again; {origin} is as it was.")
        if done.status == TAKEN:
            raise Failure(f"{origin} could not be copied to {target}", NAME_TAKEN, "Take another name.")
        if done.status:
            raise Failure(f"{origin} could not be copied to {target}", _last(done), detail=done.stderr)

    async def stop_copying(self) -> bool:
        """End the copy that is being made, which removes what there is of it; False where none is."""
        if not self._copying:
            return False
        self._stopping = True
        while self._copying:  # it may not have begun yet
            await self.end_copy(self._copying)
            await asyncio.sleep(STOP_EVERY_S)
        return True

    async def end_copy(self, target: str) -> None:
        """End whatever copies to that file, be it another app's; nothing happens where nothing does."""
        await self._run(["sh", "-c", STOP, "sh", target])

    async def remove(self, paths: Sequence[str]) -> None:
        """Exactly these; one that is gone already is as good."""
        if not paths:
            return
        done = await self._run(["rm", "-f", "--", *paths])
        if done.status:
            raise Failure("The disks could not be removed", _last(done), detail=done.stderr)

    async def _run(self, argv: Sequence[str], timeout: float = 30.0) -> Completed:
        return await self._sudo.run(SOURCE, argv, timeout=timeout)


def _last(done: Completed) -> str:
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return lines[-1] if lines else f"it ended with status {done.status}"
