"""Actions as the journal stores them: read back, or rejected with the reason."""

import json

import pytest

from tui.linux.change import Action, AddLines, Command, RemoveLines, from_fields, to_fields

COMMAND = {"action": "Command", "host": "storage", "argv": ["exportfs", "-r"]}
LINES = {"action": "AddLines", "host": "storage", "path": "/etc/exports", "lines": ["/images a(rw)"]}


@pytest.mark.parametrize(
    "action",
    [
        Command("storage", ("exportfs", "-r"), "in", 5.0),
        Command("storage", ("true",), timeout_s=5),
        AddLines("storage", "/etc/exports", ("\u00e4 (rw)", "")),
        RemoveLines("storage", "/etc/exports", ("b",)),
    ],
)
def test_an_action_is_read_back_unchanged(action: Action) -> None:
    assert from_fields(json.loads(json.dumps(to_fields(action)))) == action


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ("none", "not a JSON object"),
        (None, "not a JSON object"),
        (["Command"], "not a JSON object"),
        ({}, "unknown kind"),
        ({**COMMAND, "action": "Reboot"}, "unknown kind"),
        ({**COMMAND, "action": ["Command"]}, "unknown kind"),
        ({**COMMAND, "action": {}}, "unknown kind"),
        ({**COMMAND, "argv": "exportfs -r"}, "argv of Command is not a list of texts"),
        ({**COMMAND, "argv": []}, "argv of Command is not a list of texts"),
        ({**COMMAND, "argv": ["exportfs", 1]}, "argv of Command is not a list of texts"),
        ({**COMMAND, "argv": {"exportfs": 1}}, "argv of Command is not a list of texts"),
        ({**COMMAND, "host": None}, "host of Command is not a text"),
        ({**COMMAND, "stdin": 5}, "stdin of Command is not a text"),
        ({**COMMAND, "timeout_s": "60"}, "timeout_s of Command is not a time in seconds"),
        ({**COMMAND, "timeout_s": True}, "timeout_s of Command is not a time in seconds"),
        ({**COMMAND, "timeout_s": float("inf")}, "timeout_s of Command is not a time in seconds"),
        ({**COMMAND, "timeout_s": float("nan")}, "timeout_s of Command is not a time in seconds"),
        ({**COMMAND, "colour": "red"}, "a field of Command is unknown"),
        ({**COMMAND, "path": "/etc"}, "Command lacks a field, or has one too many"),
        ({"action": "Command", "host": "storage"}, "Command lacks a field, or has one too many"),
        ({**LINES, "lines": "/images"}, "lines of AddLines is not a list of texts"),
        ({**LINES, "path": ["/etc"]}, "path of AddLines is not a text"),
        ({**LINES, 5: "a"}, "a field of AddLines is unknown"),
    ],
)
def test_fields_that_are_not_an_action_are_a_value_error(fields: object, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        from_fields(fields)
