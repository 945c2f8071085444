"""The check that both lists share: a package is available."""

from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, Finding
from tui.linux.packages import Package


def check_lists(package: Package) -> Finding:
    """Whether the package is installed or available."""
    if package.installed:
        return Finding(NOT_NEEDED, f"installed: {package.name}")
    if package.manager != "apt":
        return Finding(NOT_NEEDED, "this host does not use apt")
    if package.known:
        return Finding(OK, f"apt offers {package.name}")
    return Finding(
        FAILED,
        f"apt does not offer {package.name}: its lists are empty or old",
        f"{package.name} in the package lists",
        detail=package.output,
    )
