"""Which versions of libvirt can resume a paused post-copy."""

Version = tuple[int, int, int]

SINCE: Version = (8, 5, 0)
# A destination of these versions crashes; measured with 11.3, 4 times of 4.
CRASHES_SINCE: Version = (11, 2, 0)
CRASHES_BEFORE: Version = (11, 4, 0)


def why_not_resume(
    target_libvirt: Version | None,
    origin_libvirt: Version | None = None,
    *,
    target: str = "destination",
    origin: str = "source",
) -> str:
    """Why a paused post-copy cannot be resumed with these versions of libvirt; empty if it can.

    `target` and `origin` are the hosts as the sentence names them; an unknown version of the origin does not matter.
    """
    if target_libvirt is None:
        return f"The version of libvirt on {target} is unknown, and some versions crash when a post-copy is resumed."
    for host, version in ((origin, origin_libvirt), (target, target_libvirt)):
        if version is not None and version < SINCE:
            return f"libvirt {_words(version)} on {host} cannot resume a post-copy; version 8.5 and later can."
    if crashes(target_libvirt):
        return (
            f"libvirt {_words(target_libvirt)} on {target} crashes when a post-copy is resumed. Upgrade it there to "
            "11.4 or later first; QEMU and the VM survive that. Then resume the migration."
        )
    return ""


def crashes(target_libvirt: Version | None) -> bool:
    """Whether a resume crashes libvirt of this version on the destination.

    Such a daemon also answers no call about the VM while post-copy is paused: the incoming migration keeps its lock.
    """
    return target_libvirt is not None and CRASHES_SINCE <= target_libvirt < CRASHES_BEFORE


def _words(version: Version) -> str:
    return ".".join(map(str, version))
