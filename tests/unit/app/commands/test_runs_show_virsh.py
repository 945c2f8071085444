"""`vmlm-tui runs show` prints what libvirt was called with."""

import json
import shutil
from pathlib import Path

import pytest

from tests.unit.fakes import RECORDINGS
from tests.unit.runs.model.test_parse import RUN_TOML
from tui.app.main import main

NAME = "20261128T235324Z-guest1-memory-post-copy-timeout"


def test_a_run_is_shown_with_its_commands_of_virsh_or_libvirt_python(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / NAME
    folder.mkdir()
    shutil.copy(RECORDINGS / "post-copy-timeout.jsonl", folder / "raw.jsonl")

    def run(*words: str) -> str:
        assert main(["runs", "show", NAME, *words, "--folder", str(tmp_path)]) == 0
        return capsys.readouterr().out

    (folder / "run.toml").write_text(RUN_TOML)
    assert "The same with virsh" not in run()  # its run.toml has no URIs
    text = RUN_TOML.replace("[vm]", 'destination_uri = "qemu+ssh://b/system"\n[vm]')
    text = text.replace("[hosts.source]", '[hosts.source]\nuri = "qemu:///system"')
    text = text.replace("[hosts.destination]", '[hosts.destination]\nuri = "qemu:///system"')
    (folder / "run.toml").write_text(text)
    lines = run().splitlines()
    start = "virsh -c qemu:///system migrate guest1 qemu+ssh://b/system --live --p2p --persistent --undefinesource "
    (migrate,) = (line for line in lines[lines.index("The same with virsh") :] if " migrate guest1 " in line)
    assert migrate.startswith(start)
    assert "--postcopy" in migrate
    program = run("--python").partition("The same with libvirt-python\n")[2]
    assert "domain.migrateToURI3(\n    'qemu+ssh://b/system',\n" in program
    found = json.loads(run("--json"))
    assert migrate in found["virsh"]
    assert "migrateToURI3" in found["python"]
