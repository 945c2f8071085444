"""`python -m tui.lab`: the lab without the app."""

import sys

from tui.lab.cli import main

sys.exit(main(sys.argv[1:]))
