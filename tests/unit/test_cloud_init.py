"""How far cloud-init is, as what the guest prints of it."""

import pytest

from tui.model.cloud_init import CloudInit, parse_cloud_init

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
