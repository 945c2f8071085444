"""What the form that starts a migration says of each technique; "automatic" has fields of its own.

The sentences have tokens of actions: the keys are those of the Migrate page.
"""

from tui.core.actions import POST_COPY
from tui.core.plan import POST_COPY_MANUAL, POST_COPY_TIMEOUT, PRE_COPY, SUSPEND_TIMEOUT

EXPLAINED = {
    PRE_COPY: "Passes until the rest fits the downtime; no post-copy.",
    POST_COPY_TIMEOUT: f"Pre-copy, then post-copy: after the timeout, or at {POST_COPY}.",
    POST_COPY_MANUAL: f"Pre-copy until you press {POST_COPY}; then the VM moves at once.",
    SUSPEND_TIMEOUT: "Pre-copy; the timeout stops the VM until it is moved.",
}
TIMEOUT_UNITS = {POST_COPY_TIMEOUT: "s until post-copy starts", SUSPEND_TIMEOUT: "s until the VM is suspended"}
