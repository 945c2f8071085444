"""One row of the table, and the sentences that callers compare with."""

from typing import NamedTuple

CANCELLED = "it was cancelled"
CONNECTION_BROKE = "the connection to libvirt broke"
STREAM_BROKE = "the migration stream to the destination broke"
QEMU_ENDED = "the VM's QEMU has ended"
KERNEL_WITHOUT_USERFAULTFD = "the kernel of one host has no userfaultfd, which post-copy needs"
NO_USERFAULTFD = "QEMU may not use userfaultfd, which post-copy needs"
LOG = "The VM's log in /var/log/libvirt/qemu"

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
