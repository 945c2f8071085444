"""Messages about the guest agent."""

from tui.vm.model.reasons.row import Row

AGENT = "Check that qemu-guest-agent is installed and running in the guest: `systemctl status qemu-guest-agent`."

ROWS = (
    Row(
        r"QEMU guest agent is not configured",
        "the VM has no channel for a guest agent",
        "Shut it down and add <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel> "
        "to its devices (`virsh edit`).",
    ),
    Row(r"QEMU guest agent is not connected", "no guest agent is connected to its channel", AGENT),
    Row(r"guest agent disappeared", "the guest agent disconnected during the command", AGENT),
    Row(
        r"guest agent not available|agent is not responding|agent command timed out|respond to synchronization",
        "the guest agent does not respond",
        f"The guest is very busy, or its agent hangs. {AGENT}",
    ),
    Row(
        r"agent command.* has been disabled|command guest-\w+ .*not allowed",
        "the guest's agent may not run commands",
        "Allow guest-exec, guest-exec-status and guest-file-* in the guest: block-rpcs or allow-rpcs in "
        "/etc/qemu/qemu-ga.conf, or FILTER_RPC_ARGS in /etc/sysconfig/qemu-ga; then restart the agent.",
    ),
    Row(
        r"agent command.*CommandNotFound|command guest-\w+ has not been found",
        "the guest's agent is too old to run commands",
        "Install a newer qemu-guest-agent in the guest: guest-exec requires version 2.5.",
    ),
)
