"""How a sentence names the hypervisors together, by how many there are."""

from collections.abc import Sized

from tui.core.settings import DESTINATION, SOURCE, STORAGE


def all_of(hosts: Sized) -> str:
    """ "both hosts", or what it is called where there are not two."""
    return {1: "the host", 2: "both hosts"}.get(len(hosts), "all hosts")


def the(host: str) -> str:
    """ "the source", whose name is a word of the language; other names stand alone."""
    return f"the {host}" if host in (SOURCE, DESTINATION, STORAGE) else host


def any_of(hosts: Sized) -> str:
    """ "either host", or "any host" where there are not two."""
    return "either host" if len(hosts) == 2 else "any host"


def none_of(hosts: Sized) -> str:
    """ "neither host", or "no host" where there are not two."""
    return "neither host" if len(hosts) == 2 else "no host"
