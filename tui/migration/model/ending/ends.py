"""The kinds of ends and breaks of a migration; model.diagnosis finds which one it is."""

# The VM is on one host:
MOVED = "moved"
DEFINITION_LEFT = "definition left"  # moved, and the origin still has its definition
CANCELLED_HERE = "cancelled"
ABORTED = "aborted"  # by another program
REFUSED = "refused"  # by libvirt or QEMU, whose reason is the cause
DAEMON_GONE = "daemon gone"  # or the connection to it; the VM stays
NO_REASON = "no reason"  # the VM stays; libvirt gave no usable reason
# The VM is off or lost, in pre-copy or in post-copy:
GUEST_OFF = "guest off"
DESTROYED = "destroyed"
ORIGIN_QEMU_GONE = "origin qemu gone"
TARGET_QEMU_GONE = "target qemu gone"  # in pre-copy the VM stays where it was
NOWHERE = "nowhere"
AWAY = "away"  # it left its origin for a host that is not configured
# Both hosts have the VM:
ON_BOTH = "on both"
UNDER_WAY = "under way"  # post-copy goes on
LINK_AWAY = "link away"  # it goes on by itself
NEEDS_RESUME = "needs resume"  # it does not
BROKE_EARLY = "broke early"  # before libvirt had let the VM run on the target; it never goes on
BROKE_AWAY = "broke away"  # in post-copy to a host that is not configured
UNKNOWN = "unknown"  # a host does not answer

# The migration itself is not over, whatever libvirt's call has returned.
GOES_ON = frozenset({UNDER_WAY, LINK_AWAY, NEEDS_RESUME, BROKE_EARLY, BROKE_AWAY})
