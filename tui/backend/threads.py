"""Blocking calls away from the loop, as the backend sees it: adapters need it too, so it is made there."""

from tui.adapters.threads import on_thread, spawn

__all__ = ["on_thread", "spawn"]
