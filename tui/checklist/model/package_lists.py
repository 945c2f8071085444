"""The step that both lists have: that the package manager knows a package."""

from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, Finding
from tui.linux.packages import Package


def check_lists(package: Package) -> Finding:
    """Whether the package can be had at all."""
    if package.installed:
        return Finding(NOT_NEEDED, f"installed: {package.name}")
    if package.manager != "apt":
        return Finding(NOT_NEEDED, "this host's packages are not apt's")
    if package.known:
        return Finding(OK, f"apt knows {package.name}")
    return Finding(
        FAILED,
        f"apt does not know {package.name}: its lists are empty or old",
        f"{package.name} in the package lists",
        detail=package.said,
    )
