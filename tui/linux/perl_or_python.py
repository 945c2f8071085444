"""A small program for a host in two languages: in Perl, which every Debian and Ubuntu has, else in Python 3."""

NEITHER = "neither perl nor python3 is there"

# $1 the program in Perl, $2 in Python, then its arguments. 127 where there is neither.
SCRIPT = f"""perl=$1 python=$2
shift 2
if command -v perl > /dev/null 2>&1; then exec perl -e "$perl" "$@"; fi
if command -v python3 > /dev/null 2>&1; then exec python3 -c "$python" "$@"; fi
echo '{NEITHER}' >&2
exit 127"""


def argv(perl: str, python: str, *words: str) -> list[str]:
    """The command line that runs whichever the host can run."""
    return ["sh", "-c", SCRIPT, "sh", perl, python, *words]
