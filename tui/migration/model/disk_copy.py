"""The copy of disks without shared storage, as libvirt's statistics show it."""

from tui.migration.model.points import SendRate
from tui.migration.model.record import Sample


class DiskCopy:
    """In bytes; libvirt copies the disks before the memory, and then what the VM writes meanwhile."""

    def __init__(self) -> None:
        self.total = self.processed = self.remaining = 0
        self.rate: float | None = None  # bytes per second, over about the last second
        self._send_rate = SendRate()

    @property
    def known(self) -> bool:
        """Whether libvirt has reported a copy of disks."""
        return self.total > 0

    @property
    def share(self) -> float:
        """How much of the disks is copied."""
        return 1 - min(self.remaining, self.total) / self.total if self.total else 0.0

    @property
    def left_s(self) -> float | None:
        """How long the rest takes at the current rate, in seconds; None if that is unknown."""
        return self.remaining / self.rate if self.rate else None

    def add(self, sample: Sample) -> None:
        """Add what a sample has of disks."""
        total = sample.number("disk_total")
        if total <= 0:
            return
        self.total, self.processed = total, sample.number("disk_processed")
        self.remaining = sample.number("disk_remaining")
        self.rate = self._send_rate.add(sample.t, self.processed)
