"""Runs the tests: `python -m tests [fast] [coverage] [fuzz] [lab] [faults] [nfs] [walk] [package]`.

Without a name these run: coverage, fuzz, lab and nfs. `lab` puts twelve of the faults to migrations; `faults` puts all
of them, which takes 40 minutes, so only a person runs it. So does `walk`: the whole way of three bare machines by keys.
`package` installs the wheel and the Debian package; only `make deb-test` runs it.
`coverage` runs the fast tests and prints how much of tui/ they ran; `fast` does not measure it, for the inner loop.
The fast ones run in parallel processes and use all cores, so nothing runs beside them. tests/nfs spends most of its
time waiting for one emulated machine, so it runs beside tests/lab, and its output comes at the end. tests/lab has no
other tests beside it, because it measures migrations. Exit status 1 when any run failed.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile

PYTEST = (sys.executable, "-m", "pytest")
# Three a core, because these tests wait for more than half of their time.
PROCESSES = min(8, 3 * (os.cpu_count() or 1))
TEST_LIMIT_S = 300  # each of these tests ends within seconds; on a machine that is very busy, within a minute
PARALLEL = ("-n", str(PROCESSES), "--dist", "worksteal", "--timeout", str(TEST_LIMIT_S))
FAST = (*PARALLEL, "tests/unit", "tests/integration", "tests/ui")
RUNS = {
    "fast": FAST,
    "fuzz": (*PARALLEL, "tests/fuzz"),
    "coverage": (*FAST, "--cov", "--cov-report="),
    "lab": ("tests/lab", "-m", "not all_faults"),
    "faults": ("tests/lab/test_faults.py",),
    "nfs": ("tests/nfs", "-m", "not walk"),
    "walk": ("tests/nfs/test_walk.py", "-o", "faulthandler_timeout=7200"),
    "package": ("tests/package",),
}
ALL = ["coverage", "fuzz", "lab", "nfs"]
SLOW = ("lab", "faults", "nfs", "walk")  # after the others; the last one beside the first two
WORST = 15  # files whose coverage is printed


def main(names: list[str]) -> int:
    if unknown := set(names) - set(RUNS):
        print(f"python -m tests: unknown: {', '.join(unknown)}; known: {', '.join(RUNS)}", file=sys.stderr)
        return 2
    names = names or ALL
    interrupts: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: interrupts.append(number))  # every pytest gets it, and cleans up
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryDirectory() as folder:
        # Else each of these processes, and each that the tests start, compiles all of tests/ or tui/ again.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["COVERAGE_FILE"] = f"{folder}/coverage"  # not in the checkout, where it would be root's
        beside = None
        statuses = [0]
        for name in sorted(names, key=SLOW.__contains__):
            if name in SLOW and "nfs" in names and beside is None and not interrupts:
                beside = subprocess.Popen(
                    [*PYTEST, *RUNS["nfs"]], stdin=subprocess.DEVNULL, stdout=output, stderr=output
                )
            if name != "nfs" and not interrupts:
                statuses.append(subprocess.run([*PYTEST, *RUNS[name]], check=False).returncode)
            if name == "coverage":
                print_coverage()
        if beside:
            statuses.append(beside.wait())
            output.seek(0)
            shutil.copyfileobj(output, sys.stdout)
    return int(any(statuses) or bool(interrupts))


def print_coverage() -> None:
    """Prints how much of tui/ the fast tests ran: the least covered files and the total."""
    report = [sys.executable, "-m", "coverage", "report"]
    lines = subprocess.run(report, stdout=subprocess.PIPE, text=True, check=False).stdout.splitlines()
    print("\n".join([*lines[: WORST + 2], *lines[WORST + 2 :][-2:]]), flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
