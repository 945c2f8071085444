"""Completions and the manual: every command and every option is in them, and the shells accept them."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.app.programs import Run
from tui.app import commands
from tui.app.commands import completion, man
from tui.app.commands.runs import MODULES as VERBS
from tui.app.parsers import all_parsers
from tui.core.failure import Failure


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What the command prints for each shell."""
    texts = {}
    for shell in completion.SHELLS:
        assert completion.main("completion", [shell]) == 0
        texts[shell] = capsys.readouterr().out
    return texts


def test_every_command_and_option_is_completed(printed: dict[str, str]) -> None:
    for shell, text in printed.items():
        for word in (*commands.MODULES, *VERBS, "check", "lab", "copy-storage-all", "dry-run"):
            assert word in text, (shell, word)


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_the_shell_accepts_its_completions(printed: dict[str, str], shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    place = tmp_path / "completions"
    place.write_text(printed[shell])
    done = subprocess.run([shell, "-n", place], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("line", "proposed"),
    [
        (("vmlm-tui", "mig"), {"migrate"}),
        (("vmlm-tui", "runs", "co"), {"compare"}),
        (("vmlm-tui", "doctor", "--j"), {"--json"}),
        (("vmlm-tui", "completion", "f"), {"fish"}),
        (("vmlm-tui", "--config", "/etc/host"), {"/etc/hostname", "/etc/hosts"}),
    ],
)
def test_bash_proposes(printed: dict[str, str], line: tuple[str, ...], proposed: set[str]) -> None:
    script = f"""{printed["bash"]}
COMP_WORDS=({" ".join(line)}); COMP_CWORD={len(line) - 1}; COMP_TYPE=9
_shtab_vmlm_tui vmlm-tui {line[-1]} {line[-2]}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert proposed <= set(done.stdout.split()), done.stderr


def test_a_shell_without_completions_is_a_failure() -> None:
    for words, sentence in (([], "SHELL is missing"), (["tcsh"], "invalid choice: 'tcsh'")):
        with pytest.raises(Failure, match=sentence):
            completion.main("completion", words)


def test_the_manual_has_every_command_and_option() -> None:
    page = "\n".join(man.page()).replace(r"\-", "-")
    for words, parser in all_parsers():
        assert f'.SS "vmlm-tui {" ".join(words)}"' in page or not words
        for action in parser._actions:
            if action.help and action.help != "==SUPPRESS==":
                assert all(each in page for each in action.option_strings)


def test_the_manual_is_valid_roff(run: Run, tmp_path: Path) -> None:
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    place = tmp_path / "vmlm-tui.1"
    place.write_text(run("man").stdout)
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", place], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "vmlm-tui migrate" in done.stdout


@pytest.mark.parametrize("words", [*(("completion", shell) for shell in completion.SHELLS), ("man",)])
def test_they_are_the_same_wherever_a_package_is_built(
    run: Run, environ: dict[str, str], words: tuple[str, ...]
) -> None:
    here = run(*words).stdout
    environ |= {"PYTHONHASHSEED": "5", "COLUMNS": "30", "TZ": "Asia/Tokyo", "LC_ALL": "C", "HOME": "/nonexistent"}
    assert run(*words).stdout == here
