"""The progress of cloud-init, parsed from the output of the guest."""

import os
import subprocess
from pathlib import Path

import pytest

from tui.guest.backend.guest import CLOUD_INIT
from tui.guest.model.cloud_init import CloudInit, parse_cloud_init

# Written by Debian 12's cloud-init in a guest without update-locale.
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
def test_the_output_is_parsed_to_the_progress(text: str, found: CloudInit) -> None:
    assert parse_cloud_init(text) == found


UNIT_FAILED = CloudInit(errors=("cloud-init.service failed, and cloud-init wrote no result",))


@pytest.mark.parametrize(
    ("enabled", "result", "failed", "found"),
    [
        (False, "", "cloud-init", CloudInit()),
        (True, "", "none", CloudInit(running=True)),
        (True, "", "cloud-init", UNIT_FAILED),
        (True, FAILED, "cloud-init", CloudInit(errors=("('locale', ProcessExecutionError('Exit code: 255'))",))),
    ],
)
def test_a_unit_that_failed_without_a_result_is_an_error(
    tmp_path: Path, enabled: bool, result: str, failed: str, found: CloudInit
) -> None:
    """A stub systemctl reports which unit has failed."""
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


def test_a_result_that_is_nested_too_deeply_has_no_errors() -> None:
    assert parse_cloud_init("[" * 100_000) == CloudInit()
