"""The explicit state of a migration's actor."""

import time
from dataclasses import dataclass
from enum import Enum

from tui.core.failure import Failure
from tui.core.protocols import QemuEnded

SETTLE_TIMES = 3
DEVICE_STATE = "migration status in postcopy-device"  # of QEMU 10.2, for a moment; libvirt 12.8 refuses statistics then
UNVERIFIED_LIMIT_S = 60.0  # if libvirt has reported how it ended
UNKNOWN_LIMIT_S = 600.0


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
    origin_lost: bool = False  # a sample failed because the daemon was gone
    answered: float = 0.0  # the last reply of the daemon, in seconds since the start
    completed: bool = False  # migrateToURI3 returned
    failure: Failure | None = None  # what it raised
    broken: bool = False  # post-copy has lost its connection, or was paused
    settling: int = 0  # how often libvirt was still removing what is left
    figures: bool = False  # libvirt's final figures came
    deadline: float | None = None  # of the stage, by time.monotonic()
    located_from: float = 0.0  # when both hosts were first asked where the VM is

    def sample_failed(self, failure: Failure) -> bool:
        """Remember it until the next sample, and whether the daemon was gone; False if the last one failed, too."""
        if self.failing or DEVICE_STATE in failure.detail:
            return False
        self.failing = True
        self.origin_lost = self.origin_lost or not isinstance(failure, QemuEnded)
        return True

    def deadline_reached(self, moment: float) -> bool:
        """Whether the deadline has come; True only once."""
        if self.deadline is None or moment < self.deadline:
            return False
        self.deadline = None
        return True

    def settled(self) -> bool:
        """Whether libvirt has had the time to remove what is left; counts the attempts."""
        self.settling += 1
        return self.settling > SETTLE_TIMES

    def given_up(self) -> bool:
        """Whether both hosts were asked for long enough where the VM is."""
        if self.stage is not Stage.LOCATION:
            return False
        limit_s = UNVERIFIED_LIMIT_S if self.completed else UNKNOWN_LIMIT_S
        return time.monotonic() - self.located_from >= limit_s
