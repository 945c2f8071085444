"""What a person can request of a migration, as calls; the runner's controls, those of its clients, and tests use it."""

from abc import ABC, abstractmethod

from tui.migration.model.keys import BANDWIDTH, CANCEL, DOWNTIME, PAUSE, POST_COPY_NOW, RESUME


class Requests(ABC):
    """Each call returns at once: the records show what comes of it."""

    @abstractmethod
    def send(self, action: str, value: int | None = None) -> None:
        """Send the request for an action of model.keys."""

    def switch_to_post_copy(self) -> None:
        """Switch now, or when the first pass begins: QEMU ignores the request before."""
        self.send(POST_COPY_NOW)

    def cancel(self) -> None:
        """Abort the job."""
        self.send(CANCEL)

    def set_max_downtime(self, milliseconds: int) -> None:
        """Change the maximum downtime."""
        self.send(DOWNTIME, milliseconds)

    def set_bandwidth(self, mib_per_s: int) -> None:
        """Change the bandwidth limit; 0 removes it."""
        self.send(BANDWIDTH, mib_per_s)

    def resume_post_copy(self) -> None:
        """Resume a paused post-copy, as soon as QEMU accepts it."""
        self.send(RESUME)

    def pause_post_copy(self) -> None:
        """Pause post-copy, which then continues only by a resume."""
        self.send(PAUSE)
