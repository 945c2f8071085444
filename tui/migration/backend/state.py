"""The explicit state of a migration's actor."""

from dataclasses import dataclass
from enum import Enum

from tui.core.failure import Failure


class Stage(Enum):
    """What the actor waits for."""

    JOB = "job"  # the end of the job
    FIGURES = "figures"  # libvirt's final figures
    LOCATION = "location"  # where the VM is
    OVER = "over"  # nothing: the end is recorded, or another process may continue


@dataclass
class State:
    """Only the thread of the actor changes it."""

    stage: Stage = Stage.JOB
    ours: bool = False  # a thread of ours waits in migrateToURI3; else the job was found running
    failing: bool = False  # the last sample failed
    answered: float = 0.0  # the last reply of the daemon, in seconds since the start
    completed: bool = False  # migrateToURI3 returned
    failure: Failure | None = None  # what it raised
    broken: bool = False  # post-copy has lost its connection, or was paused
    settled: int = 0  # how often libvirt was still removing what is left
    figures: bool = False  # libvirt's final figures came
    timeout_at: float | None = None  # of the technique, by time.monotonic()
    deadline: float | None = None  # of the stage, by time.monotonic()
    located_from: float = 0.0  # when both hosts were first asked where the VM is
