"""`python -m tui` runs the command line, as `vmlm-tui` does."""

from tui.app.main import main

if __name__ == "__main__":
    raise SystemExit(main())
