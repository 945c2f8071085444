"""The results of a script by name; lines of another form are skipped."""

import base64

import pytest

from tui.linux.script_sections import Section, parse_sections

LINE = f"ufw 1 {base64.b64encode(b'Status: inactive').decode()}"


@pytest.mark.parametrize(
    "line",
    [
        "ufw 0 aGVs\xe4",
        "ufw 0 aGVs\x85",
        "ufw \xb2 aGVs",
        "ufw \u0663 aGVs",
        f"ufw {'1' * 5000} aGVs",
        "ufw -1 aGVs",
        "ufw 0 aGV",
        "Welcome 2 all",
        "ufw 0",
        "",
    ],
)
def test_a_line_of_another_form_is_skipped(line: str) -> None:
    assert parse_sections(f"{line}\n{LINE}\n") == {"ufw": Section(1, "Status: inactive")}
