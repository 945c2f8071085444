"""Small Perl programs: Debian and Ubuntu always have perl-base with the modules used here; python3 may be missing."""

MISSING = "Perl is not installed"
INSTALL = "Install Perl there: the package is perl-base on Debian and Ubuntu, perl elsewhere."


def argv(program: str, *words: str) -> list[str]:
    """The command line of a program; its status is 127 if the host has no Perl."""
    return ["perl", "-e", program, *words]
