"""The real program in a real terminal, over ssh on the lab's source host, with keys only, as the README describes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.lab_backend import LabBackend, bring_home
from tests.lab.screen import Screen
from tui.lab.lab import Lab
from tui.migration.backend.recording.run_files import read_records
from tui.migration.model import record
from tui.migration.model.record import Event, Sample

Open = Callable[[], Screen]


@pytest.fixture
def lab_backend(lab: Lab, tmp_path: Path) -> Iterator[LabBackend]:
    lab_backend = LabBackend(lab, tmp_path / "runs")
    bring_home(lab_backend)
    yield lab_backend
    lab_backend.guest(
        "pids=$(pidof memory_intensive) && kill $pids; while pidof memory_intensive > /dev/null; do :; done"
    )


@pytest.fixture
def terminal(lab_backend: LabBackend, tmp_path: Path) -> Iterator[Open]:
    """Opens the app in an ssh session to the source, with runs in a folder of the test."""
    settings = lab_backend.lab.place.config.read_text()
    usual = next(line for line in settings.splitlines() if line.startswith("folder = "))
    config = tmp_path / "config.toml"
    config.write_text(settings.replace(usual, f'folder = "{lab_backend.runs}"'))
    screens: list[Screen] = []

    def start() -> Screen:
        words = ["ssh", "-tt", "source", f"vmlm-tui --config {config}"]
        argv = lab_backend.lab.machine("storage").argv(words)
        screens.append(Screen(tmp_path / f"tmux{len(screens)}", argv))
        return screens[-1]

    yield start
    for screen in screens:
        screen.close()


def start_load_and_open_migration_form(screen: Screen) -> None:
    """Starts the memory workload on the Launch page, then opens the form that starts a migration."""
    screen.press("w")
    screen.wait_for("memory", "150")
    screen.press("Enter")
    screen.wait_for("program", "dirtying")
    screen.press("4")
    screen.wait_for("Nothing is migrating")
    screen.press("m")


def kill(lab_backend: LabBackend, screen: Screen) -> None:
    """Kills the app with SIGKILL."""
    found = lab_backend.lab.machine("source").run(["pgrep", "-f", "vmlm-tui --config"]).split()
    assert found
    lab_backend.lab.machine("source").run(["kill", "-9", *found])
    screen.wait(lambda _text: screen.over(), "the end of the program")


def raw(lab_backend: LabBackend) -> Path:
    (folder,) = lab_backend.runs.iterdir()
    return folder / "raw.jsonl"


def test_boot_load_migrate_and_end_by_post_copy_with_keys_only(lab_backend: LabBackend, terminal: Open) -> None:
    lab_backend.virsh("source", "destroy", "guest1")
    screen = terminal()
    screen.wait_for("[1 Hosts]", "libvirt")
    screen.press("3")
    screen.wait_for("[3 Launch]", "shut off", "can migrate")  # known after both hosts have replied
    screen.press("s")
    screen.wait_for("running", "idle")
    start_load_and_open_migration_form(screen)
    screen.wait_for("Start a migration", "source -> destination")
    screen.press("Enter")
    screen.wait_for("Not converging")
    screen.press("p")
    screen.wait_for("Completed", "guest1 runs on destination and is gone from source")

    records = read_records(raw(lab_backend))
    moments = [round(each.t) for each in records if isinstance(each, Sample) and each.late is not None]
    assert moments == list(range(moments[0], moments[-1] + 1))
    assert lab_backend.states() == {"source": "", "destination": "running"}
    screen.press("q")
    screen.wait(lambda _text: screen.over(), "the end of the program")


def test_a_killed_app_and_a_dropped_connection_leave_no_gap_in_the_record(
    lab_backend: LabBackend, terminal: Open
) -> None:
    screen = terminal()
    screen.wait_for("[1 Hosts]", "libvirt")
    screen.press("3")
    screen.wait_for("running", "idle")
    start_load_and_open_migration_form(screen)
    screen.wait_for("source -> destination")
    screen.press("Enter")
    screen.wait_for("pass 1")
    kill(lab_backend, screen)
    assert not any(isinstance(each, Event) and each.kind == record.END for each in read_records(raw(lab_backend)))

    again = terminal()
    again.wait_for("[4 Migrate]", "Not converging")
    again.close()  # the dropped connection ends the app

    last = terminal()
    last.wait_for("[4 Migrate]", "Not converging")
    last.press("p")
    last.wait_for("Completed", "guest1 runs on destination and is gone from source")
    records = read_records(raw(lab_backend))
    events = [each.kind for each in records if isinstance(each, Event)]
    assert events.count(record.START) == 1
    assert events.count(record.GAP) == 0  # the runner has gone on
    assert [kind for kind in events if kind != record.GUEST][-1] == record.END


def test_after_a_killed_app_the_next_one_finds_the_vm_and_its_workload_at_each_stage(
    lab_backend: LabBackend, terminal: Open
) -> None:
    def launch_page() -> Screen:
        screen = terminal()
        screen.press("3")
        screen.wait_for("[3 Launch]", "> guest1")
        return screen

    lab_backend.guest("rm -rf .cache/vmlm")
    screen = launch_page()
    screen.wait_for("idle: nothing runs")
    screen.press("w")
    screen.wait_for("Start a workload")
    screen.press("Enter")
    screen.wait_for("compiling")
    kill(lab_backend, screen)

    screen = launch_page()
    screen.wait_for("idle: nothing runs")
    screen.press("w")
    screen.wait_for("Start a workload")
    screen.press("Enter")
    screen.wait_for("program", "dirtying")
    kill(lab_backend, screen)

    screen = launch_page()
    screen.wait_for("program", "memory_intensive", "dirtying")
    assert len(lab_backend.guest("pidof memory_intensive").split()) == 1
    screen.press("x")
    screen.wait_for("Shut guest1 down?")
    screen.press("y")
    screen.wait_for("shutting down")
    kill(lab_backend, screen)

    screen = launch_page()
    screen.wait_for("shut off on source", "the VM does not run")
    screen.press("s")
    screen.wait_for("idle: nothing runs", "guest1 is up")


def test_the_app_gives_the_terminal_to_the_console_and_returns(terminal: Open) -> None:
    screen = terminal()
    screen.press("3")
    screen.wait_for("> guest1", "running on source", "idle: nothing runs")
    screen.press("t")
    screen.wait_for("Ctrl+] returns")
    screen.press("Enter")
    screen.wait_for("Escape character is")
    screen.press("Enter", "echo seen-$((6*7))", "Enter")
    screen.wait_for("seen-42")
    screen.press("C-]")
    screen.wait_for("[3 Launch]", "> guest1", "idle: nothing runs")
    screen.press("1")
    screen.wait_for("[1 Hosts]")
