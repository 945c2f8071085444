"""Every test run has runners of its own, not those of the user, and spends little time on garbage."""

import atexit
import gc
import os
import shutil
import tempfile

import pytest

# Short, because the path of a unix socket has 107 bytes at most.
os.environ["VMLM_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="vmlm-")
atexit.register(shutil.rmtree, os.environ["VMLM_RUNTIME_DIR"], ignore_errors=True)

gc.disable()  # the collection of the tests makes no garbage


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Leave the modules and thousands of tests to themselves: searching them for garbage took a fifth of the time."""
    gc.freeze()
    gc.set_threshold(20_000)
    gc.enable()
