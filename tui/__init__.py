"""vmlm-tui: live-migrate virtual machines between KVM hosts in the terminal, and see what happens while they move."""

__version__ = "0.2.0"
