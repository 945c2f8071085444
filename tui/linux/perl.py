"""Why the small programs that hosts run are in Perl, and what to do where Perl is missing.

perl-base is Essential on Debian and Ubuntu, so every such host has Perl with the modules used here; python3 may be
missing. One language means one program to read and to test.
"""

MISSING = "Perl is not installed"
INSTALL = "Install Perl there: the package is perl-base on Debian and Ubuntu, perl elsewhere."


def argv(program: str, *words: str) -> list[str]:
    """The command line of a program; its status is 127 where there is no Perl."""
    return ["perl", "-e", program, *words]
