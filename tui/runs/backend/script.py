"""What the app called for a recorded run, as commands of virsh and as a program with libvirt-python."""

from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.migration.model.call.migrate_call import Call, CallOf
from tui.migration.model.call.recorded_script import recorded
from tui.migration.model.call.script import Script
from tui.migration.model.timeline import Timeline
from tui.runs.model.run import Run


def script_of(run: Run, timeline: Timeline, call_of: CallOf | None) -> Script:
    """The script of a run; Failure if its record does not have what is needed. May import libvirt, so it blocks."""
    return recorded(timeline, run.origin_facts.uri, run.destination_uri, call_of or _unknown)


def _unknown(_plan: Plan) -> Call:
    raise Failure("There is no virsh command of this run", "its record does not have the flags")
