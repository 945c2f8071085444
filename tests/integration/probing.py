"""`python -m tests.integration.probing ADDRESS PORT`: probes a heartbeat until stdin ends, then prints the figures."""

import json
import sys

from tui.guest.backend.udp_probe import UdpProbe
from tui.guest.model.udp_probe import ProbeAnswers, Window


def main(address: str, port: int) -> None:
    """Print a line at the first reply and one of the figures at the end."""
    answers = ProbeAnswers()
    begun: list[Window] = []

    def report(window: Window, _answers: ProbeAnswers) -> None:
        if not begun:
            print("replies", flush=True)
        begun.append(window)

    udp_probe = UdpProbe([address], port, report, answers)
    udp_probe.start()
    sys.stdin.read()
    in_time = udp_probe.settle(10.0)
    print(json.dumps({"pause_s": answers.pause, "unprobed_s": answers.unprobed, "in_time": in_time}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
