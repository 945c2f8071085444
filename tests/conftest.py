"""Every test run has runners of its own, not those of the user."""

import atexit
import os
import shutil
import tempfile

# Short, because the path of a unix socket has 107 bytes at most.
os.environ["VMLM_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="vmlm-")
atexit.register(shutil.rmtree, os.environ["VMLM_RUNTIME_DIR"], ignore_errors=True)
