"""Translates libvirt's errors to Failures; `detail` keeps the original message."""

import re

import libvirt

from tui.core.failure import Failure
from tui.core.protocols import Aborted, AgentRefused, AgentUnavailable, ConnectionBroken, QemuEnded, StreamBroken
from tui.linux import greeting

CANCELLED = "it was cancelled"
CONNECTION_BROKE = "the connection to libvirt broke"
STREAM_BROKE = "the migration stream to the destination broke"
QEMU_ENDED = "the VM's QEMU has ended"
AGENT_ERROR = "unable to execute QEMU agent command"  # an internal error before libvirt 11.2, then a code of its own

AGENT = "Check that qemu-guest-agent is installed and running in the guest: `systemctl status qemu-guest-agent`."

LOG = "The VM's log in /var/log/libvirt/qemu"

# (pattern in the message, why, hint), tried in this order because libvirt's codes are too general. In a why, {1} is the
# first group of the pattern.
#
# First those of migrateToURI3, which reports the errors of both hosts and does not name one: only starting QEMU for the
# arriving VM can fail like this.
ON_DESTINATION = (
    (
        r"unable to find an unused port in range '?migration'? *(\([0-9-]+\))?",
        "all ports for migrations {1} are in use on the destination",
        "End what uses them there, or set another migration_port_min and migration_port_max in its "
        "/etc/libvirt/qemu.conf. The Hosts page tries these ports.",
    ),
    (
        r"master key file",
        "libvirt cannot write its own files on the destination: the disk is probably full",
        "Free some space on the disk with /var/lib/libvirt there: `df -h /var/lib/libvirt`.",
    ),
    (
        r"cannot set up guest memory|closed the monitor[\s\S]*Cannot allocate memory",
        "the destination has too little memory for the VM",
        "Free memory there, or give the VM less. The Hosts page shows how much there is.",
    ),
    (
        r"Cannot check QEMU binary '?([^\s:']+)",
        "QEMU's program {1} is missing on the destination",
        "Install the same QEMU there; the Hosts page installs its packages.",
    ),
    (
        r"guest CPU doesn't match|incompatible with host CPU|missing features",
        "the destination's CPU lacks features that the VM uses",
        "Give the VM a CPU model that both hosts have.",
    ),
    (
        r"Cannot access storage file|Could not open '",
        "the VM's disk cannot be opened on the destination",
        "Mount the shared folder at the same path there, and make it readable for QEMU's user.",
    ),
    (
        r"already exists|already active|already in use by",
        "the name or UUID is in use on the destination",
        "Rename or remove that VM there.",
    ),
    (
        r"unsupported machine type '?([^\s']+)",
        "the QEMU of the destination does not have the VM's machine type {1}",
        "Install the same or a newer QEMU there.",
    ),
    (
        r"virt-ssh-helper: cannot connect to",
        "libvirtd does not run on the destination",
        "Start libvirtd there; the Hosts page can start it through systemd.",
    ),
    (
        r"unexpectedly closed the monitor|exited while connecting to monitor",
        "QEMU on the destination could not start, or ended",
        f"{LOG} on the destination has the reason.",
    ),
)

MESSAGES = (
    (
        r"QEMU guest agent is not configured",
        "the VM has no channel for a guest agent",
        "Shut it down and add <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel> "
        "to its devices (`virsh edit`).",
    ),
    (r"QEMU guest agent is not connected", "no guest agent is connected to its channel", AGENT),
    (r"guest agent disappeared", "the guest agent disconnected during the command", AGENT),
    (
        r"guest agent not available|agent is not responding|agent command timed out|synchronization",
        "the guest agent does not respond",
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
        "Install a newer qemu-guest-agent in the guest: guest-exec requires version 2.5.",
    ),
    (
        r"Host key verification failed",
        "its ssh host key is unknown to the connecting host, or has changed",
        "Put the right key into root's known_hosts on the connecting host.",
    ),
    (
        r"Permission denied \(|Could not authenticate|Authentication failed",
        "ssh refused the login",
        "Authorise root's ssh key of the connecting host.",
    ),
    (
        r"Could not resolve|Name or service not known|Temporary failure in name resolution|unable to resolve",
        "its host name cannot be resolved",
        "Check the name, and /etc/hosts on the connecting host.",
    ),
    (
        r"Failed to connect socket to .*Connection refused",
        "libvirtd does not run there (connection refused)",
        "Start libvirtd; the Hosts page can start it through systemd.",
    ),
    (r"Connection refused", "connection refused", "Start sshd and libvirtd on the other host."),
    (
        r"No route to host|Network is unreachable|(Connection|Operation) timed out",
        "the network does not reach it",
        "Check the cable, the address and the firewall.",
    ),
    (
        r"could not find capabilities for arch=(\w+)",
        "QEMU for {1} is missing there",
        "Install it there; the Hosts page installs its packages.",
    ),
    (
        r"resolve[sd] to localhost",
        "the destination's host name resolves to localhost there",
        "Correct /etc/hosts on the destination, or set migration_host in its qemu.conf.",
    ),
    (
        r"migrate guest to the same host",
        "both hosts have the same host UUID, so libvirt takes them for one",
        "If they are two machines, set another host_uuid in libvirtd.conf on one of them.",
    ),
    (
        r"started with VIR_MIGRATE_POSTCOPY",
        "the migration was started without post-copy, which must be allowed at the start",
        "Cancel it, then start it with post-copy.",
    ),
    (
        r"userfaultfd|Postcopy is not supported|postcopy-ram",
        "QEMU may not use userfaultfd, which post-copy needs",
        "Set vm.unprivileged_userfaultfd=1 on both hosts.",
    ),
    (
        r"Unsafe migration|without shared storage is unsafe",
        "libvirt considers the VM's disk not shared, or its cache mode unsafe",
        "Put the disk on the NFS folder and set cache='none'.",
    ),
    (
        r"(nc|virt-ssh-helper): (command )?not found",
        "libvirt is not installed there",
        "The Hosts page installs it, with its fix for the packages.",
    ),
    (
        r"Failed to connect socket.*Permission denied",
        "the user may not use libvirt there",
        "Use root or a user of the group libvirt; the Hosts page adds the user to the group.",
    ),
    (
        r"Failed to connect socket",
        "libvirtd does not run there",
        "Start libvirtd; the Hosts page can start it through systemd.",
    ),
    (
        r"client socket is closed|end of file while reading|Cannot recv data|keepalive",
        CONNECTION_BROKE,
        "Check that libvirtd runs and the network is up.",
    ),
    (
        r"already exists|already active|already in use by",
        "the name or UUID is in use on the host",
        "Rename or remove that VM.",
    ),
    (
        r"(read from|write to) monitor|end of file from (qemu )?monitor|monitor socket",
        QEMU_ENDED,
        f"{LOG} on the host that ran it may have the reason.",
    ),
    (r"cannot set up guest memory|Cannot allocate memory", "the host has too little memory", "Free some memory there."),
    (r"No space left on device|Disk quota exceeded", "a disk of the host is full", "Free some space there."),
    (greeting.ERROR, greeting.WHY, greeting.HINT),
    (
        r"Unable to (read from|write to) socket|Connection reset by peer|Broken pipe|Channel error",
        STREAM_BROKE,
        "Check the network, and the VM's log in /var/log/libvirt/qemu on the destination.",
    ),
    (
        r"dirty rate is already being measured",
        "another program measures it, too",
        "Try again in a minute.",
    ),
    (r"multifd", "QEMU refused the parallel connections", "Set the parallel connections to 0."),
    (
        r"guest CPU doesn't match|incompatible with host CPU|missing features",
        "the host's CPU lacks features that the VM uses",
        "Give the VM a CPU model that the host has.",
    ),
    (
        r"Cannot access storage file|Could not open '",
        "the VM's disk cannot be opened there",
        "Mount the shared folder at the same path, and make it readable for QEMU's user.",
    ),
    (r"cancell?ed by client|job abort|was aborted", CANCELLED, ""),
)

CODES = {
    libvirt.VIR_ERR_NO_DOMAIN: ("the daemon does not have the VM, or no longer", ""),
    libvirt.VIR_ERR_OPERATION_INVALID: ("the VM's state does not allow it", "Check its state on the Launch page."),
    libvirt.VIR_ERR_OPERATION_TIMEOUT: ("another operation on the VM did not end in time", "Wait and try again."),
    libvirt.VIR_ERR_MIGRATE_UNSAFE: ("libvirt considers the migration unsafe", "Put the disk on shared storage."),
    libvirt.VIR_ERR_OPERATION_ABORTED: (CANCELLED, ""),
    libvirt.VIR_ERR_AUTH_FAILED: ("libvirt refused the login", "Run vmlm-tui as root or in the group libvirt."),
    libvirt.VIR_ERR_NO_SUPPORT: ("this daemon does not support it", ""),
}

# libvirt raises these before it sends a command to the guest agent.
NOT_SENT = frozenset({libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_OPERATION_INVALID, libvirt.VIR_ERR_AGENT_UNRESPONSIVE})


def translate(what: str, error: libvirt.libvirtError, *, migration: bool = False) -> Failure:
    """The Failure for a libvirt error; `what` is its first clause ("The VM x could not be started").

    `migration`: migrateToURI3 raised it, so that some errors can only have happened on the destination.
    """
    message = str(error)
    why, hint = _reason(message, error.get_error_code(), migration)
    return _kind(message, error.get_error_code(), why)(what, why or _shortened(message), hint, detail=message)


def _kind(message: str, code: int, why: str) -> type[Failure]:
    if why == CANCELLED:
        return Aborted
    if why == CONNECTION_BROKE:
        return ConnectionBroken
    if why == STREAM_BROKE:
        return StreamBroken
    if why == QEMU_ENDED:
        return QemuEnded
    if AGENT_ERROR in message:
        return AgentRefused
    # An agent that "disappeared" may have received the command.
    not_sent = code in NOT_SENT or "guest agent is not con" in message
    return AgentUnavailable if not_sent and "disappeared" not in message else Failure


def _reason(message: str, code: int, migration: bool) -> tuple[str, str]:
    for pattern, why, hint in (*ON_DESTINATION, *MESSAGES) if migration else MESSAGES:
        found = re.search(pattern, message, re.IGNORECASE)
        if found:
            first = found[1] if found.re.groups else ""
            return " ".join(why.replace("{1}", first or "").split()), hint
    return CODES.get(code, ("", ""))


def _shortened(message: str) -> str:
    """libvirt's message on one line, without the general prefix."""
    return " ".join(message.split()).removeprefix("internal error: ").removeprefix("operation failed: ")
