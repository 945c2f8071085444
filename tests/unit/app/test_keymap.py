"""The keys of a person, checked against those of all pages."""

from pathlib import Path

import pytest

from tests.fake_hosts import TABLES
from tui.app import config
from tui.app.commands import run
from tui.app.keymap import checked, names


def test_a_free_key_is_kept_under_textuals_name() -> None:
    found = checked({"launch.boot": "B", "migrate.log": "ctrl+l", "runs.filter": "%"})
    assert found.kept == {"launch.boot": "B", "migrate.log": "ctrl+l", "runs.filter": "percent_sign"}
    assert found.problems == []


@pytest.mark.parametrize(
    "key", ["pageup", "f5", "ctrl+f5", "ctrl+shift+left", "percent_sign", "slash", "alt+x", "\u00fc", "+"]
)
def test_each_key_that_textual_names_can_be_used(key: str) -> None:
    assert "is not a key" not in " ".join(checked({"launch.boot": key}).problems)


def test_a_key_of_vim_gives_way() -> None:
    assert checked({"launch.boot": "j"}).kept == {"launch.boot": "j"}


def test_two_keys_can_be_exchanged() -> None:
    wanted = {"launch.boot": "w", "launch.workload": "s"}
    assert checked(wanted).kept == wanted


@pytest.mark.parametrize(
    ("id", "key", "sentence"),
    [
        ("launch.boot", "pgup", '[keys] launch.boot: "pgup" is not a key such as "s", "S", "ctrl+k" or "f5".'),
        (
            "launch.boot",
            "ctrl+enterr",
            '[keys] launch.boot: "ctrl+enterr" is not a key such as "s", "S", "ctrl+k" or "f5".',
        ),
        ("launch.bot", "b", "[keys] launch.bot: there is no such key; did you mean launch.boot?"),
        ("launch.boot", "big key", '[keys] launch.boot: "big key" is not a key such as "s", "S", "ctrl+k" or "f5".'),
        ("launch.boot", "w", '[keys] launch.boot: "w" is the key of launch.workload on the same page.'),
        ("launch.boot", "4", '[keys] launch.boot: "4" is the key of app.migrate on the same page.'),
        ("launch.boot", "?", '[keys] launch.boot: "?" is the key of app.keys on the same page.'),
        ("migrate.cancel", "f", '[keys] migrate.cancel: "f" is the key of charts.full on the same page.'),
        ("migrate.cancel", "Z", '[keys] migrate.cancel: "Z" is the key of "zoom" on the same page.'),
        ("list.fix", "j", '[keys] list.fix: "j" is the key of list.move on the same page.'),
        ("launch.boot", "ctrl+q", '[keys] launch.boot: "ctrl+q" is the key of "quit" on the same page.'),
    ],
)
def test_a_key_that_cannot_be_used_is_reported_and_the_rest_kept(id: str, key: str, sentence: str) -> None:
    found = checked({id: key, "migrate.log": "ctrl+l"})
    assert found.problems == [sentence]
    assert found.kept == {"migrate.log": "ctrl+l"}


def test_every_name_is_of_one_key() -> None:
    ids = [id for id, _, _ in names()]
    assert len(ids) == len(set(ids))
    assert {"app.quit", "list.fix", "list.next-bad", "launch.boot", "migrate.start", "runs.open", "study.new"} <= set(
        ids
    )


def test_the_command_prints_names_and_reports_what_cannot_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.toml"
    wanted, problems = config.check({**TABLES, "keys": {"launch.boot": "B", "no.such": "x"}})
    assert wanted is not None, problems
    config.create(wanted, file)
    assert run("keys", ["--config", str(file)]) == 1
    shown = capsys.readouterr()
    assert any(line.split()[:2] == ["launch.boot", "B"] for line in shown.out.splitlines())
    assert "[keys] no.such: there is no such key" in shown.err
