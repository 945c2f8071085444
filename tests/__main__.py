"""All tests: those of tests/nfs, most of whose time is waiting for one emulated machine, run beside the others.

One after the other takes half as long again. Exit status 1 when anything failed; what tests/nfs said comes at the end.
"""

import shutil
import signal
import subprocess
import sys
import tempfile

NFS = "tests/nfs"
OTHERS = ("tests/unit", "tests/integration", "tests/ui", "tests/lab")
PYTEST = (sys.executable, "-m", "pytest")


def main() -> int:
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl+C is for both, which then take down what they brought up
    with tempfile.TemporaryFile("w+") as said:
        beside = subprocess.Popen([*PYTEST, NFS], stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        others = subprocess.run([*PYTEST, *OTHERS], check=False)
        both = others.returncode, beside.wait()
        said.seek(0)
        shutil.copyfileobj(said, sys.stdout)
    return int(any(both))


if __name__ == "__main__":
    raise SystemExit(main())
