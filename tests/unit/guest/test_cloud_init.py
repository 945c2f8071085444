"""How far cloud-init is, as what the guest prints of it."""

import os
import subprocess
from pathlib import Path

import pytest

from tui.guest.backend.guest import CLOUD_INIT
from tui.guest.model.cloud_init import CloudInit, parse_cloud_init

# As Debian 12's wrote it in a guest without update-locale.
FAILED = """{
 "v1": {
  "datasource": "DataSourceNoCloud [seed=/dev/vdb][dsmode=net]",
  "errors": ["('locale', ProcessExecutionError('Exit code: 255'))"]
 }
}
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", CloudInit()),
        ("running\n", CloudInit(running=True)),
        (FAILED, CloudInit(errors=("('locale', ProcessExecutionError('Exit code: 255'))",))),
        ('{"v1": {"datasource": "DataSourceNoCloud", "errors": []}}', CloudInit()),
        *((text, CloudInit()) for text in ("{", "[]", "null", '{"v1": {}}', '{"v1": {"errors": "x"}}')),
    ],
)
def test_what_the_guest_prints_is_how_far_it_is(text: str, found: CloudInit) -> None:
    assert parse_cloud_init(text) == found


GONE_WRONG = CloudInit(errors=("cloud-init.service failed, and cloud-init left no word of what it did",))


@pytest.mark.parametrize(
    ("enabled", "result", "failed", "found"),
    [
        (False, "", "cloud-init", CloudInit()),
        (True, "", "none", CloudInit(running=True)),
        (True, "", "cloud-init", GONE_WRONG),
        (True, FAILED, "cloud-init", CloudInit(errors=("('locale', ProcessExecutionError('Exit code: 255'))",))),
    ],
)
def test_a_part_that_failed_and_left_no_result_is_an_error(
    tmp_path: Path, enabled: bool, result: str, failed: str, found: CloudInit
) -> None:
    """The guest's systemctl is one that knows which unit has failed."""
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(f'#!/bin/sh\n[ "$1 $2 $3" = "is-failed -q {failed}" ]\n')
    systemctl.chmod(0o755)
    if enabled:
        (tmp_path / "enabled").touch()
    (tmp_path / "result.json").write_text(result)
    script = CLOUD_INIT.replace("/run/cloud-init", str(tmp_path))
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["sh", "-c", script], env=path, capture_output=True, text=True, timeout=30, check=True)
    assert parse_cloud_init(done.stdout) == found
