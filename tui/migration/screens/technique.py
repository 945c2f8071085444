"""What the form that starts a migration says of each technique; "automatic" has fields of its own."""

from tui.core.plan import POST_COPY_MANUAL, POST_COPY_TIMEOUT, PRE_COPY, SUSPEND_TIMEOUT

EXPLAINED = {
    PRE_COPY: "Passes until the rest fits the downtime; no post-copy.",
    POST_COPY_TIMEOUT: "Pre-copy, then post-copy: after the timeout, or at p.",
    POST_COPY_MANUAL: "Pre-copy until you press p; then the VM moves at once.",
    SUSPEND_TIMEOUT: "Pre-copy; the timeout stops the VM until it is moved.",
}
TIMEOUT_UNITS = {POST_COPY_TIMEOUT: "s until post-copy starts", SUSPEND_TIMEOUT: "s until the VM is suspended"}
