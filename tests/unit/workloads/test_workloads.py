"""The workload programs: their output, the options they refuse, and the detection of wrong pages."""

import math
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.workloads.programs import LIMIT, PAGE, Running, a_free_port, assert_one_line_a_second, lines_of, run
from workloads import folder


def error_of(program: Running) -> dict[str, str]:
    [error] = [line for line in program.lines if "error" in line]
    return error


def lost(now: bytes, old: bytes) -> bytes:  # the kernel maps zeros for a page that never arrived
    return bytes(PAGE)


def stale(now: bytes, old: bytes) -> bytes:
    return old


def lost_last_word(now: bytes, old: bytes) -> bytes:
    return now[:-8] + bytes(8)


def flipped_bit_in_the_middle(now: bytes, old: bytes) -> bytes:
    return now[:2051] + bytes([now[2051] ^ 4]) + now[2052:]


@pytest.mark.parametrize(
    ("corrupt", "word", "wrong_words", "looks_like"),
    [
        (lost, "0", "512", "zeros"),
        (stale, "0", "512", "older_pass"),
        (lost_last_word, "511", "1", "zeros"),
        (flipped_bit_in_the_middle, "256", "1", "garbage"),
    ],
)
def test_a_page_changed_from_outside_is_reported_and_ends_the_program(
    start: Callable[..., Running],
    corrupt: Callable[[bytes, bytes], bytes],
    word: str,
    wrong_words: str,
    looks_like: str,
) -> None:
    program = start("--threads", "1", "--size", "3", "--rate", "20")
    first = program.until(lambda line: line["state"] == "dirtying")
    program.halt()
    pages = program.pages()
    address = pages[500]
    old = program.read(address)
    program.go_on()
    program.until(lambda line: float(line["passes"]) > float(first["passes"]) + 2)
    program.halt()
    now = program.read(address)
    program.write(address, corrupt(now, old))
    program.go_on()

    assert program.end() == 1
    assert len(pages) == 3 * 256
    assert now != old
    error = error_of(program)
    assert error["error"] == "wrong_page"
    assert (error["thread"], error["page"], error["word"]) == ("0", "500", word)
    assert (error["wrong_words"], error["looks_like"]) == (wrong_words, looks_like)
    assert int(error["expected"], 16) == int.from_bytes(now[int(word) * 8 :][:8], "little")
    assert int(error["found"], 16) == int.from_bytes(corrupt(now, old)[int(word) * 8 :][:8], "little")
    assert (program.lines[-1]["state"], program.lines[-1]["wrong_pages"]) == ("failed", "1")


def test_two_exchanged_pages_are_found(start: Callable[..., Running]) -> None:
    program = start("--threads", "1", "--size", "2", "--rate", "1")
    program.until(lambda line: line["state"] == "dirtying")
    program.halt()
    pages = program.pages()
    one, other = program.read(pages[500]), program.read(pages[501])
    program.write(pages[500], other)
    program.write(pages[501], one)
    program.go_on()

    assert program.end() == 1
    assert error_of(program)["looks_like"] == "other_page"
    assert program.lines[-1]["wrong_pages"] == "2"


def test_a_wrong_page_not_yet_reached_at_a_slow_rate_is_found_at_the_end(start: Callable[..., Running]) -> None:
    program = start("--threads", "1", "--size", "8", "--rate", "0.1")
    program.until(lambda line: line["state"] == "dirtying")
    program.halt()
    program.write(program.pages()[2000], bytes(PAGE))
    program.process.terminate()
    program.go_on()

    assert program.end() == 1
    assert error_of(program)["page"] == "2000"
    assert float(program.lines[-1]["passes"]) < 1.5


def test_unchanged_memory_has_no_wrong_pages(start: Callable[..., Running]) -> None:
    program = start("--threads", "3", "--size", "2")
    program.until(lambda line: float(line["passes"]) > 10)
    program.process.terminate()

    assert program.end() == 0
    last = program.lines[-1]
    assert (last["state"], last["wrong_pages"]) == ("done", "0")
    # Each pass except the first checks each page; the final check does it once more.
    assert int(last["checked_pages"]) == round(float(last["dirtied_mib"]) * 256)


def test_memory_intensive_prints_one_line_a_second(built: Path) -> None:
    lines = lines_of(
        run(built, "memory_intensive", "--threads", "2", "--size", "4", "--rate", "10", "--seconds", "2.5")
    )
    keys = "seconds state threads working_set_mib mib_per_s dirtied_mib passes checked_pages wrong_pages"
    assert all(" ".join(line) == keys for line in lines)
    assert_one_line_a_second(lines)
    assert {(line["threads"], line["working_set_mib"]) for line in lines} == {("2", "8")}
    assert lines[0]["state"] == "filling"
    assert lines[-1]["state"] == "done"


def test_memory_intensive_keeps_the_rate(built: Path) -> None:
    options = ["--threads", "2", "--size", "4", "--rate", "32", "--seconds", "3.5"]
    dirtying = [line for line in lines_of(run(built, "memory_intensive", *options)) if line["state"] == "dirtying"]
    first, last = dirtying[0], dirtying[-1]
    passed = float(last["seconds"]) - float(first["seconds"])
    assert 16 < (float(last["dirtied_mib"]) - float(first["dirtied_mib"])) / passed < 48


def test_cpu_util_prints_one_line_a_second(built: Path) -> None:
    lines = lines_of(run(built, "cpu_util", "--threads", "2", "--seconds", "2.5"))
    assert all(" ".join(line) == "seconds state threads additions_per_s additions sum" for line in lines)
    assert_one_line_a_second(lines)
    assert [line["state"] for line in lines[:1] + lines[-1:]] == ["running", "done"]
    assert int(lines[-1]["additions"]) > int(lines[1]["additions"]) > 0


def test_cpu_util_computes_the_sum_of_the_original_experiment(built: Path) -> None:
    last = lines_of(run(built, "cpu_util", "--threads", "1", "--seconds", "0.2"))[-1]
    expected = math.fsum(math.sin(i) ** i for i in range(int(last["additions"])))  # the only thread has number 0
    assert float(last["sum"]) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", ["cpu_util", "memory_intensive"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_workload_with_a_last_line(built: Path, name: str, number: signal.Signals) -> None:
    options = ["--threads", "1"] + (["--size", "2"] if name == "memory_intensive" else [])
    program = Running([str(built / name), *LIMIT, *options])
    program.until(lambda line: line["seconds"].startswith("0."))  # the first line: the signal mask is set
    program.process.send_signal(number)
    assert program.end() == 0
    assert program.lines[-1]["state"] == "done"


@pytest.mark.parametrize("name", ["cpu_util", "memory_intensive"])
@pytest.mark.parametrize(
    "options",
    [
        ["--threads", "0"],
        ["--threads", "1025"],
        ["--threads", "-1"],
        ["--threads", "1.5"],
        ["--threads", "two"],
        ["--threads", ""],
        ["--threads"],
        ["--seconds", "nan"],
        ["--seconds", "0x1"],
        ["--seconds", "1.2.3"],
        ["--no-such-option"],
        ["4"],
    ],
)
def test_a_wrong_option_is_refused_with_one_sentence(built: Path, name: str, options: list[str]) -> None:
    result = run(built, name, *options)
    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
    assert name in result.stderr


@pytest.mark.parametrize("options", [["--size", "0"], ["--size", "1e3"], ["--rate", "-5"], ["--rate", "fast"]])
def test_a_wrong_size_or_rate_is_refused_with_one_sentence(built: Path, options: list[str]) -> None:
    result = run(built, "memory_intensive", *options)
    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
    assert f"{options[0]} requires a" in result.stderr


def test_more_memory_than_available_is_refused_with_one_sentence(built: Path) -> None:
    result = run(built, "memory_intensive", "--threads", "1024", "--size", "1048576")
    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
    assert "1024 threads x 1048576 MiB is 1073741824 MiB" in result.stderr
    assert "try fewer --threads or a smaller --size" in result.stderr


@pytest.mark.parametrize(("name", "mib"), [("memory_intensive", "64"), ("cpu_util", "")])
def test_a_too_small_address_space_is_reported_with_one_sentence(built: Path, name: str, mib: str) -> None:
    options = ["--threads", "200"] + (["--size", mib] if mib else [])
    limited = ["sh", "-c", 'ulimit -v 300000; exec "$0" "$@"', str(built / name), *LIMIT, *options]
    result = subprocess.run(limited, capture_output=True, text=True, check=False)
    assert (result.returncode, len(result.stderr.splitlines())) == (2, 1)
    assert "try fewer --threads" in result.stderr


def test_the_static_programs_need_no_shared_library(tmp_path: Path) -> None:
    make = ["make", "-f", str(folder() / "Makefile"), "static"]
    subprocess.run(make, cwd=tmp_path, capture_output=True, text=True, check=True)
    for name in ("cpu_util", "memory_intensive", "heartbeat"):
        # A program that needs the dynamic loader names it in a PT_INTERP header.
        assert b"/ld-linux" not in (tmp_path / name).read_bytes()[:4096]
        options = {"cpu_util": ["--threads", "1"], "memory_intensive": ["--threads", "1", "--size", "1"]}
        own = options.get(name, ["--port", a_free_port()])
        assert run(tmp_path, name, "--seconds", "0.1", *own).returncode == 0
