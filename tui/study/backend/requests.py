"""What a client may request of the studies in the runner: the names of the requests."""

CHECK, START = "study-check", "study-start"
STATUS, STOP, RESUME = "study-status", "study-stop", "study-resume"
