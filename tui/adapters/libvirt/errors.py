"""libvirt's errors in sentences: what happened, why, what to try; libvirt's own words stay in `detail`."""

import re

import libvirt

from tui.core.failure import Failure
from tui.core.protocols import Aborted, AgentAway, AgentRefused

CANCELLED = "it was cancelled"
REFUSED = "unable to execute QEMU agent command"  # its code is an internal error's, from libvirt 11.2 on its own

AGENT = "Is qemu-guest-agent installed and running in the guest? `systemctl status qemu-guest-agent` tells."

# (pattern in the message, why, hint): looked through in order, for the codes alone say too little.
MESSAGES = (
    (
        r"QEMU guest agent is not configured",
        "the VM has no channel for a guest agent",
        "Shut it down and add <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel> "
        "to its devices (`virsh edit`).",
    ),
    (r"QEMU guest agent is not connected", "no guest agent has come to its channel", AGENT),
    (r"guest agent disappeared", "the guest agent went away while it was asked", AGENT),
    (
        r"guest agent not available|agent is not responding|agent command timed out|synchronization",
        "the guest agent does not answer",
        f"The guest is very busy, or its agent hangs. {AGENT}",
    ),
    (
        r"agent command.* has been disabled|command guest-\w+ .*not allowed",
        "the guest's agent may not run commands",
        "Allow guest-exec, guest-exec-status and guest-file-* in the guest: block-rpcs or allow-rpcs in "
        "/etc/qemu/qemu-ga.conf, or FILTER_RPC_ARGS in /etc/sysconfig/qemu-ga; then restart the agent.",
    ),
    (
        r"agent command.*CommandNotFound|command guest-\w+ has not been found",
        "the guest's agent is too old to run commands",
        "guest-exec came with QEMU 2.5: install a newer qemu-guest-agent in the guest.",
    ),
    (
        r"Host key verification failed",
        "its ssh host key is not known to the one who connects, or has changed",
        "Put the right key into known_hosts of root on the host that connects.",
    ),
    (
        r"Permission denied \(|Could not authenticate|Authentication failed",
        "ssh did not let it in",
        "Authorise the ssh key of root on the host that connects.",
    ),
    (
        r"Could not resolve|Name or service not known|Temporary failure in name resolution|unable to resolve",
        "the host name is not known",
        "Check the name, and /etc/hosts on the host that connects.",
    ),
    (r"Connection refused", "nothing listens there", "Start sshd and libvirtd on the other host."),
    (
        r"No route to host|Network is unreachable|(Connection|Operation) timed out",
        "the network does not reach it",
        "Check the cable, the address and the firewall.",
    ),
    (
        r"resolve[sd] to localhost",
        "the destination's host name resolves to localhost there",
        "Mend /etc/hosts on the destination, or set migration_host in its qemu.conf.",
    ),
    (
        r"migrate guest to the same host",
        "both hosts have the same host UUID, so libvirt takes them for one",
        "Set another host_uuid in libvirtd.conf on one of them, if they are two.",
    ),
    (
        r"userfaultfd|Postcopy is not supported|postcopy-ram",
        "QEMU may not use userfaultfd, which post-copy needs",
        "Set vm.unprivileged_userfaultfd=1 on both hosts.",
    ),
    (
        r"Unsafe migration|without shared storage is unsafe",
        "libvirt does not regard the VM's disk as shared, or its cache mode as safe",
        "Put the disk on the NFS folder and set cache='none'.",
    ),
    (
        r"(nc|virt-ssh-helper): (command )?not found",
        "libvirt is not installed there",
        "The Hosts page installs it, with its fix for the packages.",
    ),
    (
        r"Failed to connect socket.*Permission denied",
        "the login may not use libvirt there",
        "It must be root's, or in the group libvirt: the Hosts page puts it there.",
    ),
    (
        r"Failed to connect socket",
        "libvirtd does not run there",
        "Start it: the Hosts page does, where systemd starts it.",
    ),
    (
        r"client socket is closed|end of file while reading|Cannot recv data|keepalive",
        "the connection to libvirt was cut",
        "Look whether libvirtd runs and the network stands.",
    ),
    (
        r"already exists|already active|already in use by",
        "the name or UUID is taken at the destination",
        "Rename or remove the VM there that has it.",
    ),
    (
        r"Unable to (read from|write to) socket|Connection reset by peer|Broken pipe",
        "the stream to the destination broke off",
        "Look at the VM's log in /var/log/libvirt/qemu on the destination, and at the network.",
    ),
    (r"multifd", "QEMU refused the parallel connections", "Set the parallel connections to 0."),
    (
        r"guest CPU doesn't match|incompatible with host CPU|missing features",
        "the destination's CPU lacks features that the VM uses",
        "Give the VM a CPU model that both hosts have.",
    ),
    (
        r"Cannot access storage file|Could not open '",
        "the VM's disk cannot be opened there",
        "Mount the shared folder at the same path, readable for QEMU's user.",
    ),
    (r"cancell?ed by client|job abort|was aborted", CANCELLED, ""),
)

CODES = {
    libvirt.VIR_ERR_NO_DOMAIN: ("the daemon does not know the VM (any more)", ""),
    libvirt.VIR_ERR_OPERATION_INVALID: ("the VM's state does not allow it", "Look at its state on the Launch page."),
    libvirt.VIR_ERR_OPERATION_TIMEOUT: ("another operation on the VM did not end in time", "Wait and try again."),
    libvirt.VIR_ERR_MIGRATE_UNSAFE: ("libvirt regards the migration as unsafe", "Put the disk on shared storage."),
    libvirt.VIR_ERR_OPERATION_ABORTED: (CANCELLED, ""),
    libvirt.VIR_ERR_AUTH_FAILED: ("libvirt did not let us in", "Run vmlm-tui as root or in the group libvirt."),
    libvirt.VIR_ERR_NO_SUPPORT: ("this daemon cannot do it", ""),
}

NOT_HERE = frozenset({libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_OPERATION_INVALID, libvirt.VIR_ERR_AGENT_UNRESPONSIVE})


def translate(what: str, error: libvirt.libvirtError) -> Failure:
    """The failure that `error` means, where `what` says what was tried ("The VM x could not be started")."""
    words = str(error)
    why, hint = _reason(words, error.get_error_code())
    return _kind(words, error.get_error_code(), why)(what, why or _own_words(words), hint, detail=words)


def _kind(words: str, code: int, why: str) -> type[Failure]:
    if why == CANCELLED:
        return Aborted
    if REFUSED in words:
        return AgentRefused
    # Each of these comes before the command is sent; an agent that "disappeared" has been sent it.
    unheard = code in NOT_HERE or "guest agent is not con" in words
    return AgentAway if unheard and "disappeared" not in words else Failure


def _reason(words: str, code: int) -> tuple[str, str]:
    for pattern, why, hint in MESSAGES:
        if re.search(pattern, words, re.IGNORECASE):
            return why, hint
    return CODES.get(code, ("", ""))


def _own_words(words: str) -> str:
    """The last clause of libvirt's message, which says most ("internal error: unable to …: Permission denied")."""
    return " ".join(words.split()).removeprefix("internal error: ").removeprefix("operation failed: ")
