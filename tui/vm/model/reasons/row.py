"""One row of the table, and the sentences that callers compare with."""

from typing import NamedTuple

CANCELLED = "it was cancelled"
CONNECTION_BROKE = "the connection to libvirt broke"
STREAM_BROKE = "the migration stream to the destination broke"
QEMU_ENDED = "the VM's QEMU has ended"
KERNEL_WITHOUT_USERFAULTFD = "the kernel of one host has no userfaultfd, which post-copy needs"
NO_USERFAULTFD = "QEMU may not use userfaultfd, which post-copy needs"
POST_COPY_NOT_ALLOWED = "the migration was started without post-copy, which must be allowed at the start"
POST_COPY_OVER_PARALLEL = "this QEMU cannot use parallel connections with post-copy"
POST_COPY_PAUSED = "post-copy cannot leave the VM paused on the destination"
POST_COPY_TUNNELLED = "post-copy cannot be tunnelled through libvirt"
POST_COPY_EXCLUDED = "a device or the memory of the VM excludes post-copy"
POST_COPY_UNUSABLE = "post-copy cannot be used"
LOG = "The VM's log in /var/log/libvirt/qemu"

NO_POST_COPY = (  # the begins of sentences: post-copy is refused again if it is requested again
    KERNEL_WITHOUT_USERFAULTFD,
    NO_USERFAULTFD,
    POST_COPY_NOT_ALLOWED,
    POST_COPY_OVER_PARALLEL,
    POST_COPY_PAUSED,
    POST_COPY_TUNNELLED,
    POST_COPY_EXCLUDED,
    POST_COPY_UNUSABLE,
)

EVERYWHERE, MIGRATION, OTHERWISE = "everywhere", "migration", "otherwise"


class Row(NamedTuple):
    """`pattern` is searched in a message without noise, ignoring case.

    In `why` and `hint`, {1} to {3} are the groups of the pattern, {host} is "the destination" or "the host", and {on}
    "on the destination" or "there". `when` limits the row to the error of a migration, or to all others: libvirt
    reports the errors of both hosts of a migration without naming one, and some can only come from the destination.
    `result`: the message shows only what ended, not why, so that any other row is the better reason.
    """

    pattern: str
    why: str
    hint: str = ""
    when: str = EVERYWHERE
    result: bool = False
