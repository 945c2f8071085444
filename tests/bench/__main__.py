"""`make bench`: starts its own lab, measures the app in it, and removes it; one line `name value unit` per figure.

The figures depend on the machine; the lab's guest keeps both cores busy. No figure makes the benchmark fail.
"""

import contextlib
import os
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.bench.inventory import inventory
from tests.bench.many_watched import many_watched
from tests.bench.runs import figures
from tests.bench.terminal import Terminal, cpu_seconds, resident_mib
from tests.bench.vms import vm_page
from tests.bench.watch import watched_day
from tests.bench.weight import SETTLE_S, at_rest, to_frame
from tests.lab.lab_backend import LabBackend, bring_home, socket_uri
from tests.listener import listener_of
from tui.adapters.libvirt.hypervisor import connect
from tui.app.terminal import TEXTUAL
from tui.lab.inventory import GUEST
from tui.lab.lab import Lab
from tui.lab.machine import Machine
from tui.lab.place import Place
from tui.migration.backend.recording.run_files import read_records
from tui.migration.model.record import Sample

PRESSES = 200
PAINTS = 7
STEADY_S = 20
SAMPLES = 500
PROCESSES = 20
TYPE = "TERM=xterm-256color"
BARE = ["PYTHONPATH=" + str(Path(__file__).parents[2]), sys.executable, "-m", "tests.bench.bare"]
RAW_LOGS = "*/raw.jsonl"  # below the folder of all runs


def main() -> int:
    """Measures and prints all figures."""
    listed = inventory()
    print_figure("inventory_200_hosts", listed.seconds, "s")
    print_figure("inventory_200_hosts_cpu", listed.cpu_s, "s")
    print_figure("inventory_screen_wait", listed.longest_wait_s * 1000, "ms")
    for measured in (vm_page, many_watched, weight, figures, watched_day):
        for figure in measured():
            print_figure(*figure)
    lab = Lab(Place("bench"), lambda text: print(f"==> {text}", file=sys.stderr, flush=True))
    lab.up()
    try:
        with tempfile.TemporaryDirectory() as folder:
            measure(lab, Path(folder))
    finally:
        lab.down()
    return 0


def measure(lab: Lab, folder: Path) -> None:
    lab_backend = LabBackend(lab, folder / "runs")
    bring_home(lab_backend)
    machine = lab.machine("source")
    for name, argv, text in (
        ("first_paint", app(machine, f"XDG_STATE_HOME={folder}"), "Hosts"),
        ("first_paint_bare", machine.argv(["env", TYPE, *BARE]), "Bare one"),
    ):
        seconds, cpu_s = first_paint(argv, text)
        print_figure(name, seconds, "s")
        print_figure(f"{name}_cpu", cpu_s, "s")
    load(lab)
    print_figure("key_to_call_p99", key_to_call(folder) * 1000, "ms")
    with migrating(lab, folder, "1 s") as (terminal, _runs):
        app_pid, runner_pid = terminal.app_pid(), listener_of(runner_socket(lab))
        before, began = (terminal.written, cpu_seconds(app_pid), cpu_seconds(runner_pid)), time.monotonic()
        time.sleep(STEADY_S)
        seconds = time.monotonic() - began
        print_figure("terminal_bytes", (terminal.written - before[0]) / seconds, "B/s")
        print_figure("app_cpu", 100 * (cpu_seconds(app_pid) - before[1]) / seconds, "%")
        print_figure("runner_cpu", 100 * (cpu_seconds(runner_pid) - before[2]) / seconds, "%")
        print_figure("runner_memory", resident_mib(runner_pid), "MiB")
        print_figure("sample_cpu_vs_virsh", sample_cpu_vs_virsh(lab), "times")
    with migrating(lab, folder, "0.1 s") as (_terminal, runs):
        time.sleep(STEADY_S)
        lates = [each.late for each in read_records(newest(runs)) if isinstance(each, Sample) and each.late is not None]
        print_figure("schedule_error_p99", percentile(lates, 99) * 1000, "ms")


def print_figure(name: str, value: float, unit: str) -> None:
    print(f"{name} {value:.3g} {unit}" if value < 1000 else f"{name} {value:.0f} {unit}", flush=True)


def percentile(values: Sequence[float], which: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[which - 1]


def app(machine: Machine, *settings: str) -> list[str]:
    """The command line of the app on a lab host."""
    return machine.argv(["env", TYPE, *settings, sys.executable, "-m", "tui"])


def first_paint(argv: Sequence[str], text: str) -> tuple[float, float]:
    """The median time from the start of the process to the first page, and its CPU time, after a warm-up."""
    seconds, cpu_s = [], []
    for _ in range(PAINTS + 1):
        terminal = Terminal(argv)
        seconds.append(terminal.wait_for(text) - terminal.began)
        cpu_s.append(cpu_seconds(terminal.app_pid()))
        terminal.type("q")
        terminal.process.wait(30)
        terminal.close()
    return statistics.median(seconds[1:]), statistics.median(cpu_s[1:])


def load(lab: Lab) -> None:
    """Starts the memory workload and the heartbeat in the guest, as the app does; this keeps the machine busy."""
    order = ["-m", "tests.lab.on_source", "start", "memory", "2", "150", "0"]
    words = ["env", f"PYTHONPATH={Path(__file__).parents[2]}", sys.executable, *order]
    subprocess.run(lab.machine("source").argv(words), check=True, capture_output=True, timeout=400)


def runner_socket(lab: Lab) -> Path:
    """That of the runner on the source host, from outside its namespaces."""
    process = lab.machine("source").process()
    assert process is not None
    return Path(f"/proc/{process.pid}/root/run/vmlm-tui/runner.sock")


def weight() -> Iterator[tuple[str, float, str]]:
    """The app and a bare one: at rest, and keys while a migration runs."""
    bare = Terminal(["env", *BARE])
    try:
        bare.wait_for("Bare one")
        yield from at_rest("bare", bare, "21")
        yield from to_frame("bare", bare, "21")
    finally:
        bare.close()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with opened(folder / "rest", "1 s") as terminal:
            yield from at_rest("app", terminal, "123456")
        with pressed(folder / "keys", "1 s") as (terminal, _stamps):
            time.sleep(SETTLE_S)
            yield from to_frame("app", terminal, "54")


def key_to_call(folder: Path) -> float:
    """The 99th percentile of the time from the key in the terminal to the runner's call of the hypervisor."""
    with pressed(folder / "pressed", "0.1 s") as (terminal, stamps):
        moments = random.Random(1)  # noqa: S311 - a fixed spread over the redraw interval
        delays = []
        for count in range(PRESSES):
            time.sleep(moments.uniform(0.05, 0.35))
            typed = terminal.type("p")
            wait(lambda count=count: len(stamps.read_text().split("\n")) > count + 1)  # type: ignore[misc]
            delays.append(float(stamps.read_text().split()[count]) - typed)
        return percentile(delays, 99)


@contextmanager
def pressed(folder: Path, interval: str) -> Iterator[tuple[Terminal, Path]]:
    """The app of tests.bench.pressed in its first pass, and the file of its calls."""
    with opened(folder, interval) as terminal:
        terminal.type("4")
        terminal.wait_for("Nothing is migrating")
        terminal.type("m")
        terminal.wait_for("Start a migration")
        wait(lambda: b"guest1" in terminal.output())
        terminal.type("\r")
        runs = folder / "runs"  # before the first pass, the request would be held
        wait(lambda: any('"memory_iteration": 1' in each.read_text() for each in runs.glob(RAW_LOGS)))
        yield terminal, folder / "stamps"


@contextmanager
def opened(folder: Path, interval: str, *words: str) -> Iterator[Terminal]:
    """The app of tests.bench.pressed on its first page; its runner ends with it."""
    runtime = folder / "run"
    runtime.mkdir(parents=True, exist_ok=True)
    (folder / "stamps").touch()
    settings = [f"VMLM_RUNTIME_DIR={runtime}", f"XDG_STATE_HOME={folder}"]
    settings += [f"{name}={value}" for name, value in TEXTUAL.items()]  # as the app sets them when it starts
    terminal = Terminal(["env", *settings, sys.executable, "-m", "tests.bench.pressed", str(folder), interval, *words])
    try:
        terminal.wait_for("Hosts")
        yield terminal
    finally:
        terminal.close()
        with contextlib.suppress(OSError):  # it was not started
            os.kill(listener_of(runtime / "vmlm-tui" / "runner.sock"), signal.SIGTERM)


def wait(condition: object, limit_s: float = 60) -> None:
    until = time.monotonic() + limit_s
    while not condition():  # type: ignore[operator]
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.005)


@contextmanager
def migrating(lab: Lab, folder: Path, interval: str) -> Iterator[tuple[Terminal, Path]]:
    """The app on the source host during a migration that does not converge, after its second pass; p ends it."""
    machine, runs = lab.machine("source"), folder / f"runs at {interval}"
    bring_home_busy(lab)
    settings = lab.place.config.read_text()
    configured = folder / "config.toml"
    head, _, tail = settings.partition("[sampling]")
    rest = tail.partition("[runs]")[2].partition("\n[")[1:]
    configured.write_text(f'{head}[sampling]\ninterval = "{interval}"\n[runs]\nfolder = "{runs}"\n{"".join(rest)}')
    terminal = Terminal(app(machine, f"VMLM_CONFIG={configured}", f"XDG_STATE_HOME={folder}"))
    try:
        terminal.wait_for("Hosts")
        terminal.type("4")
        terminal.wait_for("Nothing is migrating")
        terminal.type("m")
        terminal.wait_for("Start a migration")
        wait(lambda: b"guest1" in terminal.output())
        terminal.type("\r")
        wait(lambda: any('"iteration": 3' in each.read_text() for each in runs.glob(RAW_LOGS)), 120)
        yield terminal, runs
        terminal.type("p")
        wait(lambda: '"kind": "end"' in newest(runs).read_text(), 120)
    finally:
        terminal.close()


def bring_home_busy(lab: Lab) -> None:
    """Migrates the guest back to the source by post-copy, because pre-copy does not converge under its load."""
    machine = lab.machine("destination")
    if GUEST.name in machine.run(["virsh", "list", "--name"]).split():
        words = ["--live", "--p2p", "--persistent", "--undefinesource", "--postcopy", "--postcopy-after-precopy"]
        machine.run(["virsh", "migrate", *words, GUEST.name, "qemu+ssh://root@source/system"], limit_s=120)


def newest(runs: Path) -> Path:
    return max(runs.glob(RAW_LOGS))


def sample_cpu_vs_virsh(lab: Lab) -> float:
    """The CPU time of a `virsh domjobinfo` process divided by that of a sample, during the migration."""
    hypervisor = connect(socket_uri(lab, "source"))
    hypervisor.job(GUEST.name)
    before = time.process_time()
    for _ in range(SAMPLES):
        hypervisor.job(GUEST.name)
    sample = (time.process_time() - before) / SAMPLES
    spent = children_cpu()
    for _ in range(PROCESSES):
        argv = ["virsh", "-c", socket_uri(lab, "source"), "domjobinfo", GUEST.name]
        subprocess.run(argv, check=True, capture_output=True)
    return (children_cpu() - spent) / PROCESSES / sample


def children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    os.environ.setdefault("TERM", "xterm-256color")
    sys.exit(main())
