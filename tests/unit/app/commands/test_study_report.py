"""`vmlm-tui study report`: which study, its runs, and the plan in the report."""

from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.unit.app.configurations import MINIMAL
from tests.unit.runs.recorded import tables, write
from tests.unit.study.plans import changed
from tui.app.commands import run
from tui.study.backend.plan_file import read
from tui.study.backend.store import Store
from tui.study.model.progress import DONE_CENSORED, DONE_FAILED, DONE_OK, ENDED
from tui.study.model.schedule import schedule

ENDS = (DONE_OK, DONE_OK, DONE_CENSORED, DONE_FAILED)
NAME = "small <b>"


def make_study(studies: Path, runs: Path, config: Path, name: str = NAME) -> Path:
    """A study of which four runs are done, one of them without a migration; its folder."""
    text = tomli_w.dumps(changed(name=name))
    plan, cells = read(text, "guest1", "plan")
    opened = Store.create(studies, name, text, schedule(plan, cells, 7), {"seed": 7, "config": str(config)})
    for number, end in enumerate(ENDS, 1):
        folder = f"20261123T04000{number}Z-{opened.folder.name[-8:].strip('<>')}" if end != DONE_FAILED else ""
        why = "the guest <i>did not answer" if end == DONE_FAILED else ""
        opened.append(
            ENDED, number=number, result=end, run=str(runs / folder) if folder else "", direction="out", why=why
        )
        if folder:
            mark: dict[str, Any] = {"id": opened.folder.name, "name": name, "cell": "c", "repeat": 1}
            mark |= {"direction": "out", "warm_up": False, "censored": end == DONE_CENSORED}
            write(runs, folder, tables(10.0 + number, study=mark))
    opened.close()
    return opened.folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state of the app with one study and a run of nobody; the report is written beside it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "config.toml"
    config.write_text(MINIMAL)
    monkeypatch.setenv("VMLM_CONFIG", str(config))
    state = tmp_path / "state" / "vmlm"
    make_study(state / "studies", state / "runs", config)
    write(state / "runs", "20261101T000000Z-other", tables(99.0))
    return state


def text_of(page: str = "report.html") -> str:
    return Path(page).read_text()


def test_the_newest_study_is_reported_with_its_plan_and_only_its_runs(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("study", ["report"]) == 0
    printed = capsys.readouterr()
    (study,) = (home / "studies").iterdir()
    assert printed.out == f"Written: report.html, 3 runs of the study {study.name}.\n"
    assert printed.err == ""
    text = text_of()
    assert "Live migration study: small &lt;b&gt;" in text
    assert "20261101T000000Z-other" not in text
    assert "2, each a block in the random order of seed 7" in text
    assert "4 of 20 done: 2 completed, 1 over the limit, 1 failed" in text
    assert "It was interrupted. 16 runs are left." in text
    assert "the guest &lt;i&gt;did not answer" in text
    assert text.index("What was found") < text.index("<h2>The study") < text.index("<h2>Groups")


@pytest.mark.parametrize("by", ["name", "folder", "path"])
def test_a_study_is_found_by_its_name_its_folder_and_a_path(home: Path, by: str) -> None:
    (study,) = (home / "studies").iterdir()
    word = {"name": study.name.partition("-")[2], "folder": study.name, "path": f"state/vmlm/studies/{study.name}"}[by]
    make_study(home / "studies", home / "runs", home / "another.toml", "newer")
    assert run("study", ["report", word, "-o", "out.html"]) == 0
    assert f"{study.name}" in text_of("out.html")
    assert "newer" not in text_of("out.html")


def test_deleted_runs_are_counted(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = sorted((home / "runs").iterdir())[1]
    assert gone.name.startswith("20261123T040001Z")
    gone.rename(home / "gone")
    assert run("study", ["report"]) == 0
    assert "1 of its runs is not in the folder of the runs." in capsys.readouterr().err


def test_without_runs_or_without_the_study_nothing_is_written(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    for words, sentence in (
        (["--folder", "empty"], "There is no run of the study"),
        (["none"], "There is no study 'none'"),
        (["./none"], "The study none cannot be read: No such file or directory."),
        (["a", "b"], "one STUDY is expected"),
    ):
        assert run("study", ["report", *words]) != 0
        assert sentence in capsys.readouterr().err
    assert not (tmp_path / "report.html").exists()


def test_a_study_of_another_configuration_has_the_runs_of_that_one(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.toml"
    other.write_text(f'{MINIMAL}\n[runs]\nfolder = "{tmp_path / "archive"}"\n')
    study = make_study(home / "studies", tmp_path / "archive", other, "elsewhere")
    assert run("study", ["report", study.name]) == 0
    assert f"3 runs of the study {study.name}." in capsys.readouterr().out
