"""Answers of one script by name; a line of another form is passed over."""

import base64

import pytest

from tui.linux.script_sections import Section, parse_sections

ANSWER = f"ufw 1 {base64.b64encode(b'Status: inactive').decode()}"


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
def test_a_line_that_is_no_answer_is_passed_over(line: str) -> None:
    assert parse_sections(f"{line}\n{ANSWER}\n") == {"ufw": Section(1, "Status: inactive")}
