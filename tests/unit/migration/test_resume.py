"""Which versions of libvirt may resume a paused post-copy."""

import pytest

from tui.migration.model.resume import Version, why_not_resume


@pytest.mark.parametrize("version", [(11, 2, 0), (11, 3, 0)])
def test_a_destination_that_would_crash_is_upgraded_first(version: Version) -> None:
    assert "Upgrade it there to 11.4 or later first" in why_not_resume(version)


@pytest.mark.parametrize("version", [(8, 5, 0), (11, 1, 0), (11, 4, 0), (12, 8, 0)])
def test_other_versions_resume(version: Version) -> None:
    assert why_not_resume(version, (12, 8, 0)) == ""


def test_libvirt_before_8_5_cannot_resume_on_either_host() -> None:
    assert why_not_resume((8, 0, 0), target="host3").startswith("libvirt 8.0.0 on host3 cannot resume")
    assert why_not_resume((12, 8, 0), (8, 0, 0)).startswith("libvirt 8.0.0 on source cannot resume")


def test_an_unknown_version_is_not_tried() -> None:
    assert "is unknown" in why_not_resume(None)
