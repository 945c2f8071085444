"""`make bench-forecast [args="--repeats 3"]`: forecasts against outcomes, for many dirty rates on links of two speeds.

Each link has a lab of its own. One study there forecasts and then migrates the guest there and back, for each rate and
working set; a migration that has not ended after LIMIT is counted as one that does not converge. Prints one line
`name value unit` per figure, then those of each setting. A repeat of the whole matrix has 88 runs, each of at most
80 s and the start of its workload. With `--folder`, the runs stay there and count next time too, so that the matrix can
be measured in parts; `--links` without a name measures nothing and prints the figures of what is there.
"""

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w

from tests.bench.__main__ import app, print_figure
from tui.forecast.model.forecast import BORDER
from tui.lab.inventory import GUEST
from tui.lab.lab import Lab
from tui.lab.place import Place

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LINKS = {"250mbit": 250, "1gbit": 1000}
RATES = (10, 30, 60, 90, 120, 200, 0)  # MiB/s of all threads together; 0 is flat out; an idle guest besides
SIZES = (50, 150, 300)  # MiB
THREADS = 2
LIMIT = "60 s"
BOOT_LIMIT_S = 180.0  # emulated

Run = Mapping[str, Any]  # the tables of run.toml


def main() -> int:
    """Runs the matrix and prints the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.forecast", description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="there and back; 2 runs each (default: 3)")
    parser.add_argument("--links", nargs="*", default=list(LINKS), choices=list(LINKS))
    parser.add_argument("--rates", nargs="+", type=int, default=list(RATES))
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES))
    parser.add_argument("--folder", type=Path, help="keep the runs here, and count those that are here")
    options = parser.parse_args()
    with contextlib.ExitStack() as until_printed:
        folder = options.folder or Path(until_printed.enter_context(tempfile.TemporaryDirectory()))
        for link in options.links:
            plan = plan_of(link, options.rates, options.sizes, options.repeats)
            measure(Lab(Place(f"forecast-{link}"), say), link, plan, folder.absolute() / link)
        runs = [run for link in LINKS for run in runs_in(folder / link, link)]
    for name, value, unit in figures(runs):
        print_figure(name, value, unit)
    print("\n".join(lines(runs)))
    return 0


def say(text: str) -> None:
    """Prints what the lab does to stderr."""
    print(f"==> {text}", file=sys.stderr, flush=True)


def plan_of(link: str, rates: Sequence[int], sizes: Sequence[int], repeats: int) -> dict[str, Any]:
    """The study of one link."""
    workload: dict[str, Any] = {"idle": {}}
    for size in sizes:
        every = [f"{rate} MiB/s" for rate in rates]
        workload[f"memory {size}"] = {
            "kind": "memory",
            "threads": THREADS,
            "size": f"{size // THREADS} MiB",
            "rate": every,
        }
    waits = {"settle": "3 s", "baseline": "0 s", "recovery": "0 s", "rest": "0 s"}
    return {
        "name": f"forecast {link}",
        "repeats": repeats,
        "warm_up": 3,  # from these the bandwidth and the times of the devices are learned
        "limit": LIMIT,
        "stop_after": 1000,
        "forecast": True,
        **waits,
        "workload": workload,
        "migration": {"pre-copy": {"technique": "pre-copy"}},
    }


def measure(lab: Lab, link: str, plan: Mapping[str, Any], folder: Path) -> None:
    """Does the study in a lab whose links have that speed; its runs are in `runs` of the folder afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    lab.up(rate=link)
    try:
        config, file, runs = folder / "config.toml", folder / "plan.toml", folder / "runs"
        settings = lab.place.config.read_text()
        usual = next(line for line in settings.splitlines() if line.startswith("folder = "))
        config.write_text(settings.replace(usual, f'folder = "{runs}"'))
        file.write_text(tomli_w.dumps(plan))
        boot(lab)
        words = [*app(lab.machine("source"), f"VMLM_CONFIG={config}", f"XDG_STATE_HOME={folder}"), "study", str(file)]
        subprocess.run([*words, "--yes"], check=True, stdout=sys.stderr)
    finally:
        lab.down()


def runs_in(folder: Path, link: str) -> list[Run]:
    """What the studies of one link have recorded, without their warm-up."""
    found = [tomllib.loads(each.read_text()) for each in sorted(folder.glob("runs/*/run.toml"))]
    return [each | {"link": link} for each in found if not each["study"]["warm_up"]]


def boot(lab: Lab) -> None:
    """Starts the guest, and returns when it answers over ssh."""
    source = lab.machine("source")
    source.run(["virsh", "start", GUEST.name])
    until = time.monotonic() + BOOT_LIMIT_S
    while not source.succeeds(["ssh", GUEST.name, "true"]):
        if time.monotonic() > until:
            raise TimeoutError(f"{GUEST.name} does not answer over ssh")


def figures(runs: Sequence[Run]) -> Iterable[tuple[str, float, str]]:
    """How good the forecasts were: shares of the runs, and the medians of the errors."""
    judged = [each for each in runs if each.get("forecast", {}).get("outcome")]
    clear = [each for each in judged if abs(each["forecast"]["ratio"] - 1) > BORDER]
    yield "forecasts", len(judged), "runs"
    yield "without_forecast", len(runs) - len(judged), "runs"
    yield "near_the_border", len(judged) - len(clear), "runs"
    if clear:
        right = [each["forecast"]["outcome"]["verdict_right"] for each in clear]
        yield "verdict_right", 100 * sum(right) / len(right), "%"
    for name, key in (("total", "total"), ("pause", "downtime")):
        outcomes = [each["forecast"]["outcome"] for each in judged]
        errors = [abs(each[f"{key}_error"]) for each in outcomes if f"{key}_error" in each]
        within = [each[f"{key}_within"] for each in outcomes if f"{key}_within" in each]
        if errors:
            yield f"{name}_error_median", 100 * statistics.median(errors), "%"
        if within:
            yield f"{name}_within_interval", 100 * sum(within) / len(within), "%"


def lines(runs: Sequence[Run]) -> Iterable[str]:
    """One line a run: its setting, the forecast and the outcome."""
    for each in runs:
        forecast, figured = each.get("forecast", {}), each.get("figures", {})
        yield "  ".join(
            [
                each["link"],
                each["study"]["cell"],
                each["study"]["direction"],
                each["outcome"],
                f"forecast {forecast.get('total_s')} s, pause {forecast.get('downtime_s')} s, "
                f"ratio {forecast.get('ratio')}",
                f"outcome {figured.get('total_time_ms')} ms, pause {figured.get('downtime_ms')} ms",
            ]
        )


if __name__ == "__main__":
    raise SystemExit(main())
