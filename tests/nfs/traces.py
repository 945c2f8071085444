"""Traces that setup and undo may leave on a machine: files of /etc, image folders, mounts, packages."""

# One `name<tab>value` a line, without the mounts of the system itself, and without backups such as /etc/passwd-, which
# the passwd tools write whenever a package creates or removes a user.
TRACES = r"""
export LC_ALL=C
find /etc /var/lib/libvirt* -printf '%p\t%y %m %U:%G %l\n'
find /etc -type f ! -path '/etc/passwd-' ! -path '/etc/shadow-' ! -path '/etc/group-' ! -path '/etc/gshadow-' \
  -exec sha256sum -- {} + | sed 's/^\(\S*\)  \(.*\)$/content of \2\t\1/'
awk '$2 !~ "^/(dev|proc|run|sys)(/|$)" { print "mount on " $2 "\t" $1 " " $3 " " $4 }' /proc/self/mounts
dpkg-query -W -f 'package ${Package}\t${db:Status-Abbrev} ${Version}\n'
"""


def parse_traces(text: str) -> dict[str, str]:
    """The values by name: `/etc/fstab`, `content of /etc/fstab`, `mount on /`, `package sudo`."""
    lines = (line.partition("\t") for line in text.splitlines())
    return {name: value for name, _, value in lines}
