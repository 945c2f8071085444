"""Creates the NoCloud seed of a new VM on the shared folder, with any of the tools that the host may have."""

from tui.core.failure import Failure
from tui.guest.model.seed import LABEL, Seed, meta_data, user_data
from tui.linux.sudo import Sudo
from tui.vm.backend.images import NAME_TAKEN, TAKEN

LIMIT_S = 60.0
NO_TOOL = 69  # exit status of MAKE: EX_UNAVAILABLE of sysexits.h
TOOLS = ("xorriso", "genisoimage", "mkisofs", "cloud-localds", "mkfs.vfat with mcopy")

# $1: the path of the seed, $2: its label, $3: user-data, $4: meta-data, $5: a file whose owner and mode it gets.
MAKE = f"""set -e
umask 077
! {{ [ -e "$1" ] || [ -L "$1" ]; }} || exit {TAKEN}
folder=$(mktemp -d)
trap 'rm -rf "$folder"; rm -f -- "$1.part"' EXIT
cd "$folder"
printf '%s' "$3" > user-data
printf '%s' "$4" > meta-data
has() {{ command -v "$1" > /dev/null; }}
if has xorriso; then xorriso -as mkisofs -quiet -output seed -volid "$2" -joliet -rock user-data meta-data
elif has genisoimage; then genisoimage -quiet -output seed -volid "$2" -joliet -rock user-data meta-data
elif has mkisofs; then mkisofs -quiet -output seed -volid "$2" -joliet -rock user-data meta-data
elif has cloud-localds; then cloud-localds seed user-data meta-data
elif has mkfs.vfat && has mcopy; then truncate -s 2M seed; mkfs.vfat -n "$2" seed; mcopy -i seed user-data meta-data ::
else exit {NO_TOOL}
fi >&2
cat seed > "$1.part"
cp --attributes-only --preserve=mode,ownership -- "$5" "$1.part"
mv -nT -- "$1.part" "$1" || [ -e "$1" ]
[ ! -e "$1.part" ] || exit {TAKEN}
"""


async def make_seed(sudo: Sudo, host: str, seed: Seed, path: str, like: str) -> None:
    """Write the seed to `path` on `host`, with the owner and mode of the file `like`."""
    argv = ["sh", "-c", MAKE, "sh", path, LABEL, user_data(seed), meta_data(seed), like]
    done = await sudo.run(host, argv, timeout=LIMIT_S)
    if done.status == NO_TOOL:
        tools = f"{', '.join(TOOLS[:-1])} or {TOOLS[-1]}"
        raise Failure(f"The seed can't be created on {host}", f"it has none of {tools}", "Install genisoimage there.")
    if done.status == TAKEN:
        raise Failure(f"The seed {path} could not be created", NAME_TAKEN, "Use another name.")
    done.output(f"The seed {path} could not be created")
